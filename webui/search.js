// SPDX-License-Identifier: MIT
// The search box. Pages hear of a search by the event "search" (detail: RegExp or null), and of Enter by
// "pick" (the same); what is not taken then (preventDefault) is to be focused on: "refine" (detail: text).

const search = document.getElementById("search");

// (?i) in front, as Go has it, is a flag here.
function typed() {
	const [, fold, pattern] = /^(\(\?i\))?(.*)$/su.exec(search.value);
	try {
		search.setAttribute("aria-invalid", "false");
		return pattern ? new RegExp(pattern, fold ? "iu" : "u") : null;
	} catch {
		search.setAttribute("aria-invalid", "true");
		return null;
	}
}

let waiting;
search.addEventListener("input", () => {
	clearTimeout(waiting);
	waiting = setTimeout(() => {
		document.dispatchEvent(new CustomEvent("search", {detail: typed()}));
	}, 200);
});

search.addEventListener("keydown", (e) => {
	if (e.key !== "Enter" || !search.value)
		return;
	const event = new CustomEvent("pick", {detail: typed(), cancelable: true});
	if (document.dispatchEvent(event))
		document.dispatchEvent(new CustomEvent("refine", {detail: search.value}));
});

document.addEventListener("keydown", (e) => {
	if (e.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName))
		return;
	e.preventDefault();
	search.focus();
});
