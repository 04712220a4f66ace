/** One measurement in a Web Worker of its own. */
import { measure, type Request } from "../measure";

self.onmessage = (event: MessageEvent<Request>) => {
  measure(event.data).then(
    (measured) => self.postMessage(measured),
    (error: unknown) => self.postMessage({ failed: String(error) }),
  );
};
