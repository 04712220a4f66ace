/** The study layout: three columns over the timeline, every border a divider that can be dragged or moved with arrow keys. */
import { Group, Panel as Pane, Separator, useDefaultLayout } from "react-resizable-panels";
import { useView } from "../store/react";
import { storage } from "../store/settings";
import { showTab, type TabName } from "../store/view";
import { Tabs } from "../widgets/Tabs";
import { PanelOf, tabsOf } from "./tabs";

const middleNames: readonly TabName[] = ["topics", "messages", "memory", "boot", "programs", "scenarios"];
/** On a lower page the code around RIP would not be seen if it got half of the column. */
const LOW = 900;
const middleTabs = tabsOf(middleNames);

export function Wide() {
  const page = useDefaultLayout({ id: "vitrine.page", storage });
  return (
    <Group orientation="vertical" id="page" {...page}>
      <Pane id="columns" defaultSize="70%" minSize={240}>
        <Columns />
      </Pane>
      <Separator className="divider row" aria-label="Height of the timeline" />
      <Pane id="timeline" defaultSize="30%" minSize={120}>
        <PanelOf name="timeline" />
      </Pane>
    </Group>
  );
}

function Columns() {
  const columns = useDefaultLayout({ id: "vitrine.columns", storage });
  const middle = useView((state) => state.middle);
  return (
    <Group orientation="horizontal" id="columns-group" {...columns}>
      <Pane id="left" defaultSize="32%" minSize={260}>
        <Stack id="left" upper="console" lower="processes" split="56%" />
      </Pane>
      <Separator className="divider column" aria-label="Width of the left column" />
      <Pane id="middle" defaultSize="41%" minSize={300}>
        <Tabs label="Middle column" tabs={middleTabs} selected={middle} onSelect={showTab} />
      </Pane>
      <Separator className="divider column" aria-label="Width of the right column" />
      <Pane id="right" defaultSize="27%" minSize={280}>
        <Stack id="right" upper="pageTables" lower="cpu" split={innerHeight < LOW ? "36%" : "46%"} />
      </Pane>
    </Group>
  );
}

interface StackProps {
  readonly id: string;
  readonly upper: TabName;
  readonly lower: TabName;
  readonly split: string;
}

function Stack({ id, upper, lower, split }: StackProps) {
  const layout = useDefaultLayout({ id: `vitrine.${id}`, storage });
  return (
    <Group orientation="vertical" id={`${id}-group`} {...layout}>
      <Pane id={upper} defaultSize={split} minSize={90}>
        <PanelOf name={upper} />
      </Pane>
      <Separator className="divider row" aria-label={`Height of the ${id} column's panels`} />
      <Pane id={lower} minSize={90}>
        <PanelOf name={lower} />
      </Pane>
    </Group>
  );
}
