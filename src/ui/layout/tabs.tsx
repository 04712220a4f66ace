/** Every panel as a tab, for whichever strip it stands in. */
import type { PanelName } from "../../worker/protocol";
import { BootPanel } from "../panels/boot";
import { ConsolePanel } from "../panels/console";
import { CpuPanel } from "../panels/cpu";
import { MemoryPanel } from "../panels/memory";
import { MessagesPanel } from "../panels/messages";
import { PageTablesPanel } from "../panels/pageTables";
import { ProcessesPanel } from "../panels/processes";
import { ProgramsPanel } from "../panels/programs";
import { ScenariosPanel } from "../panels/scenarios";
import { TimelinePanel } from "../panels/timeline";
import { TopicsPanel } from "../panels/topics";
import type { TabName } from "../store/view";
import type { Tab } from "../widgets/Tabs";
import { Shown } from "./Shown";

interface PanelEntry {
  readonly label: string;
  readonly panel: React.ComponentType;
  /** What the worker calls it, if it reads anything for it. */
  readonly reads?: PanelName;
}

const panels: Readonly<Record<TabName, PanelEntry>> = {
  console: { label: "Console", panel: ConsolePanel, reads: "console" },
  processes: { label: "Processes", panel: ProcessesPanel, reads: "processes" },
  timeline: { label: "Timeline", panel: TimelinePanel, reads: "timeline" },
  topics: { label: "Topics", panel: TopicsPanel, reads: "topics" },
  messages: { label: "Messages", panel: MessagesPanel, reads: "messages" },
  pageTables: { label: "Page tables", panel: PageTablesPanel, reads: "pageTables" },
  cpu: { label: "CPU", panel: CpuPanel, reads: "cpu" },
  memory: { label: "Memory", panel: MemoryPanel, reads: "memory" },
  boot: { label: "Boot", panel: BootPanel, reads: "boot" },
  programs: { label: "Programs", panel: ProgramsPanel },
  scenarios: { label: "Scenarios", panel: ScenariosPanel },
};

export function PanelOf({ name }: { readonly name: TabName }) {
  const { panel: Content, reads } = panels[name];
  if (!reads) return <Content />;
  return (
    <Shown panel={reads}>
      <Content />
    </Shown>
  );
}

export const tabsOf = (names: readonly TabName[]): readonly Tab<TabName>[] =>
  names.map((name) => ({ name, label: panels[name].label, render: () => <PanelOf key={name} name={name} /> }));
