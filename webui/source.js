// SPDX-License-Identifier: MIT
// A click on a source line unfolds its instructions.

document.querySelector("main").addEventListener("click", (e) => {
	const assembly = e.target.closest(".livesrc")?.nextSibling;
	if (assembly?.className?.startsWith("asm"))
		assembly.classList.toggle("open");
});
