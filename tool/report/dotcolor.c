// SPDX-License-Identifier: MIT
// Colours of nodes and edges. Hue says gain or loss, saturation how much.
#include "tool/report/dot.h"

#include <math.h>

#include "base/libm.h"

// Truncated to a byte as Go does it: the low eight bits, NaN is 0.
static unsigned channel(double v)
{
	return (unsigned)int64_of_double(v * 255.0) & 0xff;
}

void dot_color(double share, bool is_background, struct buf *out)
{
	// Most shares are small: the root spreads them away from grey.
	const double exponent = 0.3, grey_below = 0.2;
	double saturation = is_background ? 0.1 : 1.0, value = is_background ? 0.93 : 0.7;

	if (share > 1)
		share = 1;
	if (share < -1)
		share = -1;
	if (fabs(share) < grey_below)
		saturation *= fabs(share) / grey_below;
	if (share != 0 && !isnan(share))
		share = copysign(libm()->pow(fabs(share), exponent), share);

	double red = value, green = value;
	if (share < 0)
		red = value * (1 + saturation * share);
	else
		green = value * (1 - saturation * share);
	buf_printf(out, "#%02x%02x%02x", channel(red), channel(green), channel(value * (1 - saturation)));
}
