// SPDX-License-Identifier: MIT
// A click on a source line, or Enter, unfolds its instructions.

const main = document.querySelector("main");

function unfold(e) {
	const assembly = e.target.closest(".livesrc")?.nextSibling;
	if (assembly?.className?.startsWith("asm"))
		assembly.classList.toggle("open");
}

for (const line of main.querySelectorAll(".livesrc"))
	line.tabIndex = 0;
main.addEventListener("click", unfold);
main.addEventListener("keydown", (e) => {
	if (e.key === "Enter")
		unfold(e);
});
