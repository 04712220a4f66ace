/** Draws the page into its element. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

export function showPage(root: HTMLElement): void {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
