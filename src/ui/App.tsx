/** The page: header, what there is to say, the panels in one of two layouts, and the dialogs over them. */
import { DropZone } from "./layout/DropZone";
import { Header } from "./layout/Header";
import { Narrow } from "./layout/Narrow";
import { Notices } from "./layout/Notices";
import { useNarrow } from "./layout/useNarrow";
import { useShortcuts } from "./layout/shortcuts";
import { Wide } from "./layout/Wide";
import { HelpDialog } from "./panels/help";
import { MeasuredDialog } from "./panels/measured";
import { ReportDialog } from "./panels/machine/Ending";
import { Scrubber } from "./panels/machine/Scrubber";
import { ShareDialog } from "./panels/share";
import "./layout/layout.css";

export function App() {
  const narrow = useNarrow();
  useShortcuts();
  return (
    <DropZone>
      <Header />
      <Scrubber />
      <Notices />
      <main className={narrow ? "page narrow" : "page"}>{narrow ? <Narrow /> : <Wide />}</main>
      <HelpDialog />
      <ShareDialog />
      <ReportDialog />
      <MeasuredDialog />
    </DropZone>
  );
}
