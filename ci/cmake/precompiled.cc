// SPDX-License-Identifier: GPL-3.0-or-later
// An object to hang the precompiled header on.
