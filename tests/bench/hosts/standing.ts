/** How long one machine stood still, measured in a Web Worker of its own. */
import { type Request, standing } from "../standing";

self.onmessage = ({ data }: MessageEvent<Request>) => {
  try {
    self.postMessage(standing(data));
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
