/** One column, one panel at a time. */
import { useView } from "../store/react";
import { showTab, type TabName } from "../store/view";
import { Tabs } from "../widgets/Tabs";
import { tabsOf } from "./tabs";

const names: readonly TabName[] = [
  "console",
  "processes",
  "topics",
  "timeline",
  "messages",
  "pageTables",
  "cpu",
  "memory",
  "boot",
  "programs",
  "scenarios",
];
const tabs = tabsOf(names);

export function Narrow() {
  const single = useView((state) => state.single);
  return <Tabs label="Panels" tabs={tabs} selected={single} onSelect={showTab} stacked />;
}
