/** What went wrong on the way here, until it is dismissed; and why the machine does not go on. */
import { Ending } from "../panels/machine/Ending";
import { useScenario } from "../store/react";
import { setNotice } from "../store/scenario";
import { Icon } from "../widgets/Icon";

export function Notices() {
  const notice = useScenario((state) => state.notice);
  return (
    <div className="notices">
      {notice && (
        <div className={notice.tone === "error" ? "notice bad" : "notice"} role="alert">
          <span>{notice.text}</span>
          <button
            type="button"
            className="button quiet icon"
            aria-label="Dismiss notice"
            onClick={() => setNotice(undefined)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      )}
      <Ending />
    </div>
  );
}
