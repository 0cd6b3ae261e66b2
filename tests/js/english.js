// English, as a page brings it along: `make messages` writes it down for these tests.

import { readFileSync } from "node:fs";
import { learn } from "../../static/js/words.js";

learn(JSON.parse(readFileSync(new URL("english.json", import.meta.url), "utf8")));
