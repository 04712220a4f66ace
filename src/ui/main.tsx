/** Where the page starts: the machine first, so that it boots while React draws. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme/tokens.css";
import "./theme/base.css";
import { App } from "./App";
import { startAddress } from "./store/address";
import { connect } from "./store/connection";
import { startSettings } from "./store/settings";

startSettings();
connect();
startAddress();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
