// SPDX-License-Identifier: MIT
// The table of Top: sorted by a click on a column, rows selected by a click, or by arrows and Enter.

const data = JSON.parse(document.getElementById("data").textContent);
const table = document.getElementById("top");
const selected = new Set();
let searched = null;

const percent = (v) => (data.Total ? (100 * v / data.Total).toFixed(2) + "%" : "0%");
const byName = (a, b) => (a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0);

// Title, text of a row, order (null: not sortable).
const COLUMNS = [
	["Flat", (r) => r.FlatFormat, (a, b) => Math.abs(b.Flat) - Math.abs(a.Flat)],
	["Flat%", (r) => percent(r.Flat), (a, b) => Math.abs(b.Flat) - Math.abs(a.Flat)],
	["Sum%", (r) => percent(r.Sum), null],
	["Cum", (r) => r.CumFormat, (a, b) => Math.abs(b.Cum) - Math.abs(a.Cum)],
	["Cum%", (r) => percent(r.Cum), (a, b) => Math.abs(b.Cum) - Math.abs(a.Cum)],
	["Name", (r) => r.Name, byName],
];

function cell(row, column) {
	const td = document.createElement("td");
	td.textContent = COLUMNS[column][1](row);
	if (column === COLUMNS.length - 1) {
		td.className = "name";
		if (row.InlineLabel) {
			const label = document.createElement("small");
			label.textContent = " " + row.InlineLabel;
			td.append(label);
		}
	}
	return td;
}

function mark() {
	for (const tr of table.tBodies[0].rows) {
		tr.classList.toggle("selected", selected.has(tr.row));
		tr.ariaSelected = selected.has(tr.row);
		tr.classList.toggle("found", Boolean(searched?.test(tr.row.Name)));
	}
}

function select(row) {
	if (!selected.delete(row))
		selected.add(row);
	mark();
	document.dispatchEvent(new CustomEvent("select", {detail: [...selected].map((r) => r.Function ?? r.Name)}));
}

function fill() {
	const body = document.createElement("tbody");
	let sum = 0;
	for (const row of data.Rows) {
		row.Sum = sum += row.Flat;
		const tr = body.insertRow();
		tr.row = row;
		tr.append(...COLUMNS.map((_, i) => cell(row, i)));
		tr.tabIndex = body.rows.length > 1 ? -1 : 0; // the tab key comes to one, arrows to the others
		tr.addEventListener("click", () => select(row));
	}
	table.tBodies[0]?.remove();
	table.append(body);
	mark();
}

function sortBy(column) {
	const head = table.tHead.rows[0].cells;
	const wasSorted = head[column].getAttribute("aria-sort");
	const natural = column === COLUMNS.length - 1 ? "ascending" : "descending";
	const other = natural === "ascending" ? "descending" : "ascending";
	const direction = wasSorted === natural ? other : natural;
	for (const th of head)
		th.removeAttribute("aria-sort");
	head[column].setAttribute("aria-sort", direction);
	data.Rows.sort(COLUMNS[column][2]);
	if (direction !== natural)
		data.Rows.reverse();
	fill();
}

table.addEventListener("keydown", (e) => {
	const tr = e.target.closest("tbody tr");
	const next = {ArrowDown: tr?.nextElementSibling, ArrowUp: tr?.previousElementSibling}[e.key];
	if (next) {
		tr.tabIndex = -1;
		next.tabIndex = 0;
		next.focus();
	} else if (tr && (e.key === "Enter" || e.key === " ")) {
		select(tr.row);
	} else {
		return;
	}
	e.preventDefault();
});

const head = table.createTHead().insertRow();
for (const [column, [title, , order]] of COLUMNS.entries()) {
	const th = document.createElement("th");
	if (order) {
		const button = document.createElement("button");
		button.textContent = title;
		button.addEventListener("click", () => sortBy(column));
		th.append(button);
	} else {
		th.textContent = title;
	}
	head.append(th);
}
fill(); // in the order they came

document.addEventListener("search", (e) => {
	searched = e.detail;
	mark();
	const found = searched ? data.Rows.filter((r) => searched.test(r.Name)) : [];
	const flat = found.reduce((sum, r) => sum + r.Flat, 0);
	document.getElementById("matches").textContent = searched
		? found.length + (found.length === 1 ? " row, " : " rows, ") + percent(flat) + " flat" : "";
});
