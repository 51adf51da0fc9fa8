// SPDX-License-Identifier: MIT
// The flame graph. The server sends a tree of boxes (tool/export/flame.h). What is drawn is a view of it,
// whose nodes are sets of boxes, and which is unfolded only as far as boxes are wide enough to be seen:
//
//	down    a function's calls: the children of its boxes, those of one function together
//	up      its callers: the callers of its boxes, likewise
//
// Top down starts at the roots, bottom up at what had time of its own. A click puts a box below all its
// callers at full width. A pivot takes a function wherever it is called, callers above, callees below.

const ROW = 18, MIN_WIDTH = 2, TEXT_WIDTH = 24;
const UNITS = [
	[["ns", "nanosecond"], 1, "time"], [["us", "\u00b5s", "microsecond"], 1e3, "time"],
	[["ms", "millisecond"], 1e6, "time"], [["s", "sec", "second"], 1e9, "time"],
	[["mins", "min", "minute"], 60e9, "time"], [["hrs", "hr", "hour"], 3600e9, "time"],
	[["B", "byte"], 1, "memory"], [["kB", "kilobyte"], 2 ** 10, "memory"],
	[["MB", "megabyte"], 2 ** 20, "memory"], [["GB", "gigabyte"], 2 ** 30, "memory"],
	[["TB", "terabyte"], 2 ** 40, "memory"],
];

function findUnit(name) {
	const low = name.toLowerCase();
	return UNITS.find(([names]) => names.some((n) => n.toLowerCase() === low ||
		(n.length > 3 && n + "s" === low)));
}

function formatter(data) {
	const from = findUnit(data.unit), asked = findUnit(data.output_unit);
	return (value) => {
		const v = value * data.ratio;
		if (!from)
			return v.toLocaleString("en") + (data.unit === "count" ? "" : " " + data.unit);
		const scale = UNITS.filter((u) => u[2] === from[2]);
		const base = Math.abs(v) * from[1];
		const to = asked?.[2] === from[2] ? asked
			: scale.findLast((u) => base >= u[1]) ?? scale[0];
		return Number((v * from[1] / to[1]).toPrecision(4)).toLocaleString("en") + to[0][0];
	};
}

function hash(text) {
	let h = 2166136261;
	for (const c of text)
		h = Math.imul(h ^ c.codePointAt(0), 16777619);
	return h >>> 0;
}

// Functions of one place look alike: of one source file, else of one prefix.
function hueOf([label, , file]) {
	const place = file || label.split(/::|_|\./)[0];
	return (hash(place) % 1000 * 137.508 + hash(label) % 24) % 360;
}

/** The boxes as objects, linked both ways; returns the roots and all. */
function readBoxes(data) {
	const boxes = data.boxes.map(([frame, caller, width, own, delta]) =>
		({frame, caller, width, own, delta: delta ?? 0, children: []}));
	const roots = [];
	for (const box of boxes) {
		box.caller = boxes[box.caller] ?? null;
		(box.caller ? box.caller.children : roots).push(box);
	}
	return {boxes, roots};
}

// A node of a view. Its parts are [box, width, delta]: what each box contributes.
function makeNode(frame, parts) {
	const node = {frame, parts, width: 0, delta: 0};
	for (const [, width, delta] of parts) {
		node.width += width;
		node.delta += delta;
	}
	return node;
}

// One node a function, the widest first.
function group(parts) {
	const byFrame = new Map();
	for (const part of parts) {
		const same = byFrame.get(part[0].frame);
		if (same)
			same.push(part);
		else
			byFrame.set(part[0].frame, [part]);
	}
	return [...byFrame].map(([frame, of]) => makeNode(frame, of)).sort((a, b) => b.width - a.width);
}

const whole = (box) => [box, box.width, box.delta];
const own = (box) => [box, box.own, box.children.reduce((d, child) => d - child.delta, box.delta)];
const isRoot = (node) => node.frame < 0;
const down = (node) => group(isRoot(node)
	? node.parts : node.parts.flatMap(([box]) => box.children.map(whole)));
const up = (node) => group(isRoot(node)
	? node.parts : node.parts.filter(([box]) => box.caller)
		.map(([box, width, delta]) => [box.caller, width, delta]));

/** The outermost boxes that fit: no time is counted twice. */
function outermost(roots, fits) {
	const found = [], left = [...roots];
	while (left.length) {
		const box = left.pop();
		if (fits(box))
			found.push(box);
		else
			left.push(...box.children);
	}
	return found;
}

/** Draws into `chart`, tells in `hover` about the box under the mouse. */
export function stackViewer(data, chart, hover) {
	const {boxes, roots} = readBoxes(data);
	const format = formatter(data);
	const hues = data.frames.map(hueOf);
	const home = {
		down: {path: [makeNode(-1, roots.map(whole))], next: down},
		up: {path: [makeNode(-1, boxes.filter((box) => box.own).map(own))], next: up},
	};
	let searched = null;
	// What is shown: a path of nodes, each as wide as the chart, and what the last one unfolds to. Of a
	// pivot, callers are unfolded too, above it.
	let view = {...home.down, isPivot: false};
	let drawn = []; // {div, row, left, width, node}, each row from left to right
	let chartWidth = 1; // as it was then: asked for each box it would be worked out anew

	const share = (v) => (data.total ? (100 * v / data.total).toFixed(2) + "%" : "0%");
	const label = (node) => (isRoot(node) ? "root" : data.frames[node.frame][0]);
	const isFound = (frame) => searched.test(data.frames[frame][0]);

	const amount = (width) => format(width) + " (" + share(width) + ")";

	function describe(node) {
		const lines = [amount(node.width)];
		const self = node.parts.reduce((sum, [box]) => sum + box.own, 0);
		if (!isRoot(node) && view.next === down && self)
			lines.push("itself " + amount(self));
		if (data.is_diff)
			lines.push("change " + (node.delta > 0 ? "+" : "") + format(node.delta));
		const [, , file, module] = isRoot(node) ? [] : data.frames[node.frame];
		if (file || module)
			lines.push(file || module);
		return lines.join("\n");
	}

	function showHover(node, e) {
		const title = document.createElement("b");
		title.textContent = label(node);
		hover.replaceChildren(title, describe(node));
		const {width, height} = hover.getBoundingClientRect(), below = e.clientY + 18;
		hover.style.left = Math.max(4, Math.min(e.clientX + 14, innerWidth - width - 8)) + "px";
		hover.style.top = (below + height < innerHeight ? below : e.clientY - height - 10) + "px";
	}

	function paint(div, node) {
		if (data.is_diff) {
			const part = node.width ? Math.min(1, Math.abs(node.delta) / node.width) : 0;
			const side = node.delta > 0 ? "--grow" : "--shrink";
			div.style.background =
				`color-mix(in srgb, var(${side}) ${Math.round(100 * part)}%, var(--neutral))`;
		} else if (isRoot(node)) {
			div.classList.add("plain");
		} else {
			div.style.setProperty("--hue", hues[node.frame].toFixed(0));
		}
	}

	function draw(node, left, row, width, className, onClick) {
		const div = document.createElement("div");
		div.className = "box " + className;
		div.tabIndex = -1;
		div.style.left = 100 * left / chartWidth + "%"; // paper has another width
		div.style.width = 100 * width / chartWidth + "%";
		div.style.top = row * ROW + "px";
		if (width > TEXT_WIDTH) {
			div.textContent = label(node);
			div.classList.add("text");
		}
		paint(div, node);
		if (searched && !isRoot(node) && isFound(node.frame))
			div.classList.add("found");
		div.addEventListener("mousemove", (e) => showHover(node, e));
		div.addEventListener("mouseleave", () => hover.replaceChildren());
		div.addEventListener("click", (e) => (e.shiftKey && !isRoot(node) ? pivot([node.frame]) : onClick()));
		chart.append(div);
		drawn.push({div, row, left, width, node});
		return div;
	}

	// The keys: arrows go from box to box, Enter is a click. The tab key comes to the box that was last.
	function enter(item) {
		for (const other of chart.querySelectorAll(".box[tabindex='0']"))
			other.tabIndex = -1;
		item.div.tabIndex = 0;
		item.div.ariaLabel = label(item.node) + " " + describe(item.node);
		item.div.focus();
	}

	function neighbour(item, key) {
		const aside = {ArrowLeft: -1, ArrowRight: 1}[key], below = {ArrowUp: -1, ArrowDown: 1}[key];
		const row = drawn.filter((d) => d.row === item.row + (below ?? 0));
		if (aside)
			return row[row.indexOf(item) + aside];
		return below && row.find((d) => d.left < item.left + item.width && d.left + d.width > item.left);
	}

	chart.addEventListener("keydown", (e) => {
		const item = drawn.find((d) => d.div === e.target), next = item && neighbour(item, e.key);
		if (next)
			enter(next);
		else if (item && e.key === "Enter")
			item.div.dispatchEvent(new MouseEvent("click", {shiftKey: e.shiftKey, bubbles: true}));
		else if (!e.key.startsWith("Arrow"))
			return;
		e.preventDefault();
	});
	chart.addEventListener("focusin", (e) => {
		const item = drawn.find((d) => d.div === e.target), at = e.target.getBoundingClientRect();
		if (item && e.target.matches(":focus-visible"))
			showHover(item.node, {clientX: at.left, clientY: at.bottom - ROW / 2});
	});
	chart.addEventListener("focusout", () => hover.replaceChildren());

	// What a node unfolds to, in rows: [{node, above, left, width, row}]. Row after row, for stacks may be
	// deeper than scripts can recurse.
	function unfold(node, next, pixels) {
		const out = [{node, left: 0, row: -1}];
		for (const above of out) {
			let left = above.left;
			for (const node of next(above.node)) {
				const width = node.width * pixels;
				if (width < MIN_WIDTH)
					break; // and so are the others
				out.push({node, above, left, width, row: above.row + 1});
				left += width;
			}
		}
		return out.slice(1);
	}

	function pathTo(item) {
		const below = [];
		for (; item.above; item = item.above)
			below.push(item.node);
		return [...view.path, ...below.reverse()];
	}

	const rowsOf = (items) => items.reduce((most, item) => Math.max(most, item.row + 1), 0);

	function render() {
		const node = view.path.at(-1);
		chartWidth = chart.clientWidth || 1;
		const pixels = node.width ? chartWidth / node.width : 0;
		const callers = view.isPivot ? unfold(node, up, pixels) : [];
		const calls = unfold(node, view.next, pixels);
		const hadFocus = chart.contains(document.activeElement);
		let row = rowsOf(callers), here;
		hover.replaceChildren();
		chart.replaceChildren();
		drawn = [];
		chart.classList.toggle("searching", searched !== null);
		for (const c of callers)
			draw(c.node, c.left, row - 1 - c.row, c.width, "above", () => pivot([c.node.frame]));
		for (const [i, above] of view.path.entries()) {
			const className = above !== node ? "above" : view.isPivot ? "pivot" : "";
			const div = draw(above, 0, row++, chartWidth, className, () => zoom(view.path.slice(0, i + 1)));
			if (above !== node)
				continue;
			div.dataset.amount = amount(node.width); // for whom there is no mouse to hover with
			div.tabIndex = 0;
			here = drawn.at(-1);
		}
		for (const c of calls)
			draw(c.node, c.left, row + c.row, c.width, "", () => zoom(pathTo(c)));
		chart.style.height = (row + rowsOf(calls)) * ROW + "px";
		if (hadFocus)
			enter(here);
	}

	function tellSelection(node) {
		const name = isRoot(node) ? "" : data.frames[node.frame][1];
		document.dispatchEvent(new CustomEvent("select", {detail: name ? [name] : []}));
	}

	function zoom(path) {
		view = {...view, path, isPivot: view.isPivot && path.length === 1};
		tellSelection(path.at(-1));
		render();
	}

	/** Shows these functions, wherever they are called, as one. */
	function pivot(frames) {
		const wanted = new Set(frames);
		const parts = outermost(roots, (box) => wanted.has(box.frame)).map(whole);
		if (!parts.length)
			return;
		view = {path: [makeNode(parts[0][0].frame, parts)], next: down, isPivot: true};
		tellSelection(view.path[0]);
		render();
	}

	function reset(direction) {
		view = {...home[direction], isPivot: false};
		tellSelection(view.path[0]);
		render();
	}

	/** Marks what matches; returns how much of the whole that is. */
	function mark(regexp) {
		searched = regexp;
		render();
		if (!regexp)
			return "";
		const width = outermost(roots, (box) => isFound(box.frame)).reduce((sum, box) => sum + box.width, 0);
		return amount(width) + " matched";
	}

	function pivotOn(regexp) {
		pivot(data.frames.flatMap(([name], frame) => (regexp.test(name) ? [frame] : [])));
	}

	return {render, reset, mark, pivotOn};
}

function makeTools(viewer, data) {
	const tools = document.createElement("div");
	tools.id = "flame-tools";
	const direction = document.createElement("select");
	direction.append(new Option("Top down: what calls what", "down"), new Option("Bottom up: who calls it", "up"));
	direction.addEventListener("change", () => viewer.reset(direction.value));
	const reset = document.createElement("button");
	reset.textContent = "Reset zoom";
	reset.addEventListener("click", () => viewer.reset(direction.value));
	const hint = document.createElement("output");
	hint.textContent = "Click, or arrows and Enter: zoom. With shift, or Enter in the search: pivot.";
	const count = data.boxes.length.toLocaleString("en");
	if (data.has_more)
		hint.textContent += ` The ${count} widest boxes are here: focus to see others.`;
	tools.append(direction, reset, hint);
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape")
			viewer.reset(direction.value);
	});
	return tools;
}

const page = JSON.parse(document.getElementById("data").textContent);
const chart = document.getElementById("stack-chart");
const viewer = stackViewer(page, chart, document.getElementById("hover"));
chart.parentElement.before(makeTools(viewer, page));
viewer.render();
addEventListener("resize", viewer.render);
document.addEventListener("search", (e) => {
	document.getElementById("matches").textContent = viewer.mark(e.detail);
});
document.addEventListener("pick", (e) => {
	e.preventDefault();
	if (e.detail)
		viewer.pivotOn(e.detail);
});
const asked = new URLSearchParams(location.search).get("p");
if (asked) { // as if it had been typed
	const search = document.getElementById("search");
	search.value = asked;
	search.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
}
