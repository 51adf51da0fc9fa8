// SPDX-License-Identifier: MIT
// On every page of cprof -http: saved configurations, and what can be done with what is selected, which
// pages tell by the event "select" (detail: function names).

/** A regexp that matches exactly these names, in the analyzer's syntax. */
function exactly(names) {
	return names.map((n) => "^" + n.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$").join("|");
}

function withParam(page, key, value) {
	const params = new URLSearchParams(location.search);
	params.delete("p");
	params.set(key, value);
	return page + "?" + params;
}

document.addEventListener("refine", (e) => {
	location.href = withParam(location.pathname, "f", e.detail);
});

// One menu at a time; a click elsewhere closes it.
document.addEventListener("click", (e) => {
	for (const menu of document.querySelectorAll("details.menu[open]")) {
		if (!menu.contains(e.target))
			menu.open = false;
	}
});

document.addEventListener("keydown", (e) => {
	const menu = e.key === "Escape" && document.querySelector("details.menu[open]");
	if (!menu)
		return;
	e.stopImmediatePropagation(); // it is not meant for what the page shows
	menu.open = false;
	menu.querySelector("summary").focus();
});

document.getElementById("refine").addEventListener("formdata", (e) => {
	for (const [key, value] of [...e.formData])
		if (!value)
			e.formData.delete(key); // it would only lengthen the URL
});

async function ask(method, path) {
	let problem = "cprof does not answer: has it been ended?";
	try {
		const answer = await fetch(path, {method});
		problem = answer.ok ? "" : await answer.text();
	} catch {
		// as said
	}
	if (problem)
		alert(problem);
	else
		location.reload();
}

document.getElementById("save-config").addEventListener("click", () => {
	const name = prompt("Save these options as:");
	if (name)
		ask("POST", withParam("saveconfig", "config", name));
});

for (const button of document.querySelectorAll("button.delete")) {
	button.addEventListener("click", () => {
		const name = button.dataset.config;
		if (confirm("Delete " + name + "?"))
			ask("DELETE", "deleteconfig?config=" + encodeURIComponent(name));
	});
}

const ACTIONS = [
	["Focus", null, "f"], ["Ignore", null, "i"], ["Hide", null, "h"], ["Show", null, "s"],
	["Show from", null, "sf"], ["Peek", "peek", "f"], ["Source", "source", "f"],
	["Disassemble", "disasm", "f"],
];

document.addEventListener("select", (e) => {
	document.getElementById("actions")?.remove();
	const names = e.detail;
	if (!names.length)
		return;
	const bar = document.createElement("div");
	bar.id = "actions";
	const title = document.createElement("span");
	title.className = "name";
	title.textContent = names.length === 1 ? names[0] : names.length + " selected";
	bar.append(title);
	for (const [label, page, key] of ACTIONS) {
		const link = document.createElement("a");
		link.textContent = label;
		link.href = withParam(page ?? location.pathname, key, exactly(names));
		bar.append(link);
	}
	document.body.append(bar);
});
