// SPDX-License-Identifier: MIT
// The graph as a map: drag and wheel, or two fingers, or arrows and + and -, move and scale it; a double click, or 0,
// shows all of it, or its top again; a click selects a node, as Enter does the one that the tab key came to.

const holder = document.getElementById("graph");
const svg = holder?.querySelector("svg");
const selected = new Set();

// The <title> of a function's node is its number; its name is in the <a> graphviz makes of a tooltip:
// "name (value)". Others are tags and the legend.
function nameOf(node) {
	if (!/^N\d+$/.test(node.querySelector("title")?.textContent))
		return "";
	const tip = node.querySelector("a")?.getAttributeNS("http://www.w3.org/1999/xlink", "title") ?? "";
	return tip.replace(/ \([^()]*\)$/, "");
}

function makeMovable() {
	const graph = svg.querySelector("g");
	const frame = document.createElementNS("http://www.w3.org/2000/svg", "g");
	const pointers = new Map();
	let x = 0, y = 0, scale = 1, moved = 0, isWhole = false;
	svg.removeAttribute("viewBox");
	svg.setAttribute("width", "100%");
	svg.setAttribute("height", "100%");
	graph.replaceWith(frame);
	frame.append(graph);

	function apply() {
		frame.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
	}

	function zoom(cx, cy, factor) {
		const by = Math.min(Math.max(scale * factor, 0.02), 50) / scale;
		x = cx - (cx - x) * by;
		y = cy - (cy - y) * by;
		scale *= by;
		apply();
	}

	// As wide as the window and from the top; or all of it.
	function fit(isWhole) {
		x = y = 0;
		scale = 1;
		apply();
		const box = frame.getBBox(), margin = 12;
		const w = holder.clientWidth - 2 * margin, h = holder.clientHeight - 2 * margin;
		scale = Math.min(w / box.width, isWhole ? h / box.height : 1, 1);
		x = margin + (w - box.width * scale) / 2 - box.x * scale;
		y = margin - box.y * scale;
		apply();
	}

	function centre() {
		const all = [...pointers.values()], n = all.length;
		const cx = all.reduce((s, p) => s + p.x, 0) / n, cy = all.reduce((s, p) => s + p.y, 0) / n;
		return {x: cx, y: cy, far: all.reduce((s, p) => s + Math.hypot(p.x - cx, p.y - cy), 0)};
	}

	const at = (e) => {
		const box = holder.getBoundingClientRect();
		return {x: e.clientX - box.left, y: e.clientY - box.top};
	};
	svg.addEventListener("pointerdown", (e) => {
		pointers.set(e.pointerId, at(e));
		moved = 0;
	});
	svg.addEventListener("pointermove", (e) => {
		if (!pointers.has(e.pointerId))
			return;
		const before = centre();
		pointers.set(e.pointerId, at(e));
		const now = centre();
		x += now.x - before.x;
		y += now.y - before.y;
		moved += Math.hypot(now.x - before.x, now.y - before.y);
		if (before.far && now.far)
			zoom(now.x, now.y, now.far / before.far);
		apply();
	});
	for (const end of ["pointerup", "pointercancel", "pointerleave"])
		svg.addEventListener(end, (e) => pointers.delete(e.pointerId));
	svg.addEventListener("wheel", (e) => {
		const p = at(e);
		zoom(p.x, p.y, Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.002)));
		e.preventDefault();
	}, {passive: false});
	svg.addEventListener("dblclick", () => fit(isWhole = !isWhole));
	svg.addEventListener("click", (e) => {
		const node = e.target.closest(".node");
		if (node && moved < 5)
			select(node);
	});
	for (const node of svg.querySelectorAll(".node")) {
		if (nameOf(node))
			node.setAttribute("tabindex", "0");
	}
	svg.addEventListener("keydown", (e) => {
		const node = e.target.closest(".node");
		if (node && e.key === "Enter")
			select(node);
	});
	document.addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|SUMMARY)$/.test(e.target.tagName))
			return;
		const step = {ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[e.key];
		const factor = {"+": 1.25, "=": 1.25, "-": 0.8}[e.key];
		if (step) {
			x += step[0] * holder.clientWidth / 8;
			y += step[1] * holder.clientHeight / 8;
			apply();
		} else if (factor) {
			zoom(holder.clientWidth / 2, holder.clientHeight / 2, factor);
		} else if (e.key === "0") {
			fit(isWhole = !isWhole);
		} else {
			return;
		}
		e.preventDefault();
	});
	// Into view, with the browser's own scrolling undone.
	svg.addEventListener("focusin", (e) => {
		const box = e.target.getBoundingClientRect(), all = holder.getBoundingClientRect();
		x += Math.max(0, all.left - box.left) - Math.max(0, box.right - all.right);
		y += Math.max(0, all.top - box.top) - Math.max(0, box.bottom - all.bottom);
		apply();
		for (let above = holder; above; above = above.parentElement)
			above.scrollTo(0, 0);
	});
	addEventListener("beforeprint", () =>
		svg.setAttribute("viewBox", `0 0 ${holder.clientWidth} ${holder.clientHeight}`));
	addEventListener("afterprint", () => svg.removeAttribute("viewBox"));
	fit(isWhole);
}

function select(node) {
	const name = nameOf(node);
	if (!name)
		return;
	if (!selected.delete(name))
		selected.add(name);
	node.classList.toggle("selected", selected.has(name));
	document.dispatchEvent(new CustomEvent("select", {detail: [...selected]}));
}

document.addEventListener("search", (e) => {
	let n = 0;
	for (const node of svg?.querySelectorAll(".node") ?? []) {
		const name = nameOf(node);
		const isFound = Boolean(name && e.detail?.test(name));
		node.classList.toggle("found", isFound);
		n += isFound;
	}
	document.getElementById("matches").textContent = e.detail ? n + (n === 1 ? " node" : " nodes") : "";
});

if (svg)
	makeMovable();
