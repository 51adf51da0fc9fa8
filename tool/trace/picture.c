// SPDX-License-Identifier: MIT
// Drawing (see picture.h). A cell shows the state its thread spent most of that piece of time in; what it
// was not alive for stays blank.
#include "picture.h"

enum { NAME_COLUMNS = 24, MIN_CELLS = 10, MAX_CELLS = 200 };

struct picture {
	const struct view *view;
	int64_t cell_ns;
	unsigned ncells;
	int64_t spent_ns[MAX_CELLS][NSTATES];
	bool seen[NSTATES]; // in the picture
};

// Adds [begin, end) to the cells it touches.
static void spend(struct picture *p, enum timeline_state state, int64_t begin_ns, int64_t end_ns)
{
	while (begin_ns < end_ns) {
		int64_t cell = earlier(begin_ns / p->cell_ns, p->ncells - 1);
		int64_t cell_end = cell == p->ncells - 1 ? end_ns : earlier((cell + 1) * p->cell_ns, end_ns);
		p->spent_ns[cell][state] += cell_end - begin_ns;
		begin_ns = cell_end;
	}
}

// Adds a time in which the thread waited for nothing known, divided as its share says.
static void spend_divided(struct picture *p, const struct timeline_share *share, int64_t begin_ns, int64_t end_ns)
{
	int64_t all_ns = share->running_ns + share->runnable_ns + share->off_ns;
	for (int64_t at_ns = begin_ns; at_ns < end_ns;) {
		int64_t cell = earlier(at_ns / p->cell_ns, p->ncells - 1);
		int64_t cell_end = cell == p->ncells - 1 ? end_ns : earlier((cell + 1) * p->cell_ns, end_ns);
		double scale = all_ns ? (double)(cell_end - at_ns) / (double)all_ns : 0;
		int64_t runnable_ns = (int64_t)(scale * (double)share->runnable_ns);
		int64_t off_ns = (int64_t)(scale * (double)share->off_ns);
		p->spent_ns[cell][STATE_RUNNABLE] += runnable_ns;
		p->spent_ns[cell][share->off_state] += off_ns;
		p->spent_ns[cell][STATE_RUNNING] += cell_end - at_ns - runnable_ns - off_ns;
		at_ns = cell_end;
	}
}

// *share: the first that may reach into the time; moves on.
static void spend_running(struct picture *p, const struct timeline_thread *th, uint32_t *share, int64_t begin_ns,
		int64_t end_ns)
{
	const struct timeline *t = p->view->timeline;
	while (begin_ns < end_ns) {
		while (*share < th->first_share + th->nshares && t->shares[*share].end_ns <= begin_ns)
			++*share;
		const struct timeline_share *s = NULL;
		if (*share < th->first_share + th->nshares)
			s = &t->shares[*share];
		int64_t part_end = !s ? end_ns : earlier(s->begin_ns > begin_ns ? s->begin_ns : s->end_ns, end_ns);
		if (s && s->begin_ns <= begin_ns)
			spend_divided(p, s, begin_ns, part_end);
		else
			spend(p, STATE_RUNNING, begin_ns, part_end);
		begin_ns = part_end;
	}
}

static void spend_thread(struct picture *p, const struct timeline_thread *th)
{
	int64_t at_ns = th->begin_ns;
	uint32_t share = th->first_share;
	memset(p->spent_ns, 0, sizeof(p->spent_ns));
	for (uint32_t i = 0; i < th->nspans; i++) {
		const struct timeline_span *s = &p->view->timeline->spans[th->first_span + i];
		spend_running(p, th, &share, at_ns, s->begin_ns);
		spend(p, (enum timeline_state)s->state, s->begin_ns, timeline_wait_end(s));
		spend(p, STATE_RUNNABLE, timeline_wait_end(s), s->end_ns);
		at_ns = s->end_ns;
	}
	spend_running(p, th, &share, at_ns, th->end_ns);
}

// NSTATES: not alive.
static int look_of_cell(const int64_t *spent_ns)
{
	int most = NSTATES;
	int64_t most_ns = 0;
	for (int state = 0; state < NSTATES; state++) {
		if (spent_ns[state] > most_ns) {
			most = state;
			most_ns = spent_ns[state];
		}
	}
	return most;
}

static void draw_cells(struct picture *p)
{
	const struct view *v = p->view;
	int colour = NSTATES; // the one that is set
	for (unsigned cell = 0; cell < p->ncells; cell++) {
		int state = look_of_cell(p->spent_ns[cell]);
		if (state < NSTATES)
			p->seen[state] = true;
		if (state == NSTATES) {
			buf_byte(v->out, ' ');
		} else if (!v->has_colour) {
			buf_byte(v->out, state_looks[state].letter);
		} else {
			buf_cstr(v->out, state == colour ? "" : state_looks[state].colour);
			buf_cstr(v->out, "\u2588");
			colour = state;
		}
	}
	buf_cstr(v->out, v->has_colour ? "\033[0m|\n" : "|\n");
}

static void draw_legend(const struct picture *p)
{
	const struct view *v = p->view;
	buf_pad(v->out, ' ', NAME_COLUMNS + 1);
	buf_byte(v->out, '0');
	view_duration(v, v->timeline->end_ns, (int)p->ncells - 1);
	buf_cstr(v->out, "\n  a column is");
	view_duration(v, p->cell_ns, VIEW_DURATION_COLUMNS);
	buf_byte(v->out, ':');
	for (int state = 0; state < NSTATES; state++) {
		const struct state_look *look = &state_looks[state];
		if (!p->seen[state])
			continue;
		if (v->has_colour)
			buf_printf(v->out, "  %s\u2588\033[0m %s", look->colour, look->name);
		else
			buf_printf(v->out, "  %c %s", look->letter, look->name);
	}
	buf_byte(v->out, '\n');
}

void picture_draw(const struct view *v, const uint32_t *threads, uint32_t n)
{
	struct picture p = {.view = v, .ncells = MIN_CELLS};
	if (v->width > NAME_COLUMNS + MIN_CELLS + 2)
		p.ncells = v->width - NAME_COLUMNS - 2;
	if (p.ncells > MAX_CELLS)
		p.ncells = MAX_CELLS;
	p.cell_ns = v->timeline->end_ns / p.ncells + 1;
	for (uint32_t i = 0; i < n; i++) {
		spend_thread(&p, &v->timeline->threads[threads[i]]);
		view_thread(v, threads[i], NAME_COLUMNS);
		buf_byte(v->out, '|');
		draw_cells(&p);
	}
	draw_legend(&p);
}
