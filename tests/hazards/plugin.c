// SPDX-License-Identifier: MIT
// A library to be loaded and unloaded: PLUGIN(ms, spin) works in a function that has the plugin's name.
// Compiled as plugin_a and plugin_b, alike but for the name: loaded one after the other they take the
// same addresses.
struct work;
void PLUGIN(struct work *w, double ms, void (*spin)(struct work *, double));

__attribute__((noinline)) void PLUGIN(struct work *w, double ms, void (*spin)(struct work *, double))
{
	spin(w, ms);
	__asm__ volatile("" ::: "memory");
}
