// The screens work without scripts; these make them quick. Each module finds its own parts.
import "./menus.js";
import "./frame.js";
import "./search.js";
import "./combo.js";
import "./list.js";
import "./form.js";
import "./grid.js";
import "./record.js";
import "./approving.js";
import "./notices.js";
import "./board.js";
import "./keys.js";
import "./jobs.js";
import "./importing.js";
import "./bulk.js";
