/** Where the page starts: the machine first, so that it boots while the rest of the page still loads. */
import "./theme/tokens.css";
import "./theme/base.css";
import { startAddress } from "./store/address";
import { connect } from "./store/connection";
import { startSettings } from "./store/settings";

startSettings();
connect();
startAddress();

const root = document.getElementById("root") as HTMLElement;
// The console is on the page from the start: its terminal loads beside the page, not after it.
void import("./widgets/terminal").catch(() => undefined);
import("./page")
  .then(({ showPage }) => showPage(root))
  .catch((error: unknown) => {
    root.textContent = `The page did not load: ${String(error)}. Check the connection and reload it.`;
  });
