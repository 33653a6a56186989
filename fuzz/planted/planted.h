/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a planted defect is switched on by. Only copies of sources that a patch of defects/ was
 * applied to see it. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Whether `defect` is the one that the environment's PARLEY_PLANTED names; read once. */
int parley_planted(const char* defect);

#ifdef __cplusplus
}
#endif
