// SPDX-License-Identifier: MIT
// See address_space.h. A node says how many own it: other nodes and roots. One of a single owner is changed in place,
// any other is copied first. All functions here take their tree over from the caller, who gets another back.
#include "tool/perfdata/address_space.h"

enum { MAX_NODES = 1 << 24 }; // each change makes as many as a tree is high: a hostile file could make any number

struct address_node {
	struct address_node *left, *right; // left: also the next spare one
	uint64_t start, limit;
	struct address_range *range; // of which this may be a part
	uint32_t nowners;
	uint32_t height;
};

static struct address_node *take_spare(struct address_nodes *nodes)
{
	struct address_node *t = nodes->spare;
	nodes->n++;
	if (!t)
		return arena_new(nodes->arena, struct address_node);
	nodes->spare = t->left;
	return t;
}

static struct address_node *new_node(struct address_nodes *nodes, uint64_t start, uint64_t limit,
		struct address_range *range)
{
	struct address_node *t = take_spare(nodes);
	*t = (struct address_node){.start = start, .limit = limit, .range = range, .nowners = 1, .height = 1};
	return t;
}

struct address_node *address_space_share(struct address_node *t)
{
	if (t)
		t->nowners++;
	return t;
}

void address_space_drop(struct address_nodes *nodes, struct address_node *t)
{
	if (!t || --t->nowners)
		return;
	address_space_drop(nodes, t->left);
	address_space_drop(nodes, t->right);
	t->left = nodes->spare;
	nodes->spare = t;
	nodes->n--;
}

static struct address_node *own(struct address_nodes *nodes, struct address_node *t)
{
	if (t->nowners == 1)
		return t;
	struct address_node *copy = take_spare(nodes);
	*copy = *t;
	copy->nowners = 1;
	address_space_share(t->left);
	address_space_share(t->right);
	t->nowners--;
	return copy;
}

/// Balance

static uint32_t height(const struct address_node *t)
{
	return t ? t->height : 0;
}

static struct address_node *measure(struct address_node *t)
{
	uint32_t left = height(t->left), right = height(t->right);
	t->height = 1 + (left > right ? left : right);
	return t;
}

static struct address_node *rotate_left(struct address_nodes *nodes, struct address_node *t)
{
	struct address_node *top = own(nodes, t->right);
	t->right = top->left;
	top->left = measure(t);
	return measure(top);
}

static struct address_node *rotate_right(struct address_nodes *nodes, struct address_node *t)
{
	struct address_node *top = own(nodes, t->left);
	t->left = top->right;
	top->right = measure(t);
	return measure(top);
}

/** t: owned, one side higher than the other by 2 at most. */
static struct address_node *balance(struct address_nodes *nodes, struct address_node *t)
{
	uint32_t left = height(t->left), right = height(t->right);
	if (left > right + 1) {
		if (height(t->left->right) > height(t->left->left))
			t->left = rotate_left(nodes, own(nodes, t->left));
		return rotate_right(nodes, t);
	}
	if (right > left + 1) {
		if (height(t->right->left) > height(t->right->right))
			t->right = rotate_right(nodes, own(nodes, t->right));
		return rotate_left(nodes, t);
	}
	return measure(t);
}

/** All of `left` is before `middle`, a node without children, and all of `right` behind it. */
static struct address_node *join(struct address_nodes *nodes, struct address_node *left, struct address_node *middle,
		struct address_node *right)
{
	if (height(left) > height(right) + 1) {
		left = own(nodes, left);
		left->right = join(nodes, left->right, middle, right);
		return balance(nodes, left);
	}
	if (height(right) > height(left) + 1) {
		right = own(nodes, right);
		right->left = join(nodes, left, middle, right->left);
		return balance(nodes, right);
	}
	middle->left = left;
	middle->right = right;
	return measure(middle);
}

/** By where the ranges start. */
static void split(struct address_nodes *nodes, struct address_node *t, uint64_t at, struct address_node **before_out,
		struct address_node **behind_out)
{
	struct address_node *part;
	*before_out = *behind_out = NULL;
	if (!t)
		return;
	t = own(nodes, t);
	if (t->start < at) {
		split(nodes, t->right, at, &part, behind_out);
		*before_out = join(nodes, t->left, t, part);
	} else {
		split(nodes, t->left, at, before_out, &part);
		*behind_out = join(nodes, part, t, t->right);
	}
}

/// Ranges

static const struct address_node *last(const struct address_node *t)
{
	while (t && t->right)
		t = t->right;
	return t;
}

static struct address_node *cut_last(struct address_nodes *nodes, struct address_node *t, uint64_t limit)
{
	t = own(nodes, t);
	if (t->right)
		t->right = cut_last(nodes, t->right, limit);
	else
		t->limit = limit;
	return t;
}

bool address_space_map(struct address_nodes *nodes, struct address_node **root, uint64_t start, uint64_t limit,
		struct address_range *range)
{
	if (nodes->n >= MAX_NODES)
		return false;
	struct address_node *before, *hidden, *behind;
	split(nodes, *root, start, &before, &behind);
	split(nodes, behind, limit, &hidden, &behind);
	const struct address_node *reaches_behind = last(hidden ? hidden : before);
	if (reaches_behind && reaches_behind->limit > limit) {
		struct address_node *rest = new_node(nodes, limit, reaches_behind->limit, reaches_behind->range);
		behind = join(nodes, NULL, rest, behind);
	}
	if (before && last(before)->limit > start)
		before = cut_last(nodes, before, start);
	address_space_drop(nodes, hidden);
	*root = join(nodes, before, new_node(nodes, start, limit, range), behind);
	return true;
}

struct address_range *address_space_find(const struct address_node *t, uint64_t address)
{
	while (t) {
		if (address < t->start)
			t = t->left;
		else if (address >= t->limit)
			t = t->right;
		else
			return t->range;
	}
	return NULL;
}
