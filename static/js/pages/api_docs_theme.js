// The page for programs: Swagger has a dark of its own, which follows ours.

import { isDark, onSchemeChange } from "../colour_scheme.js";

const follow = () => document.documentElement.classList.toggle("dark-mode", isDark());

onSchemeChange(follow);
follow();
