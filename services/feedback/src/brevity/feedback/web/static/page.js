// For pages without anything of their own.
import "./keys.js";
