/** One measurement in a Node process of its own: the request comes as a message, and so does the answer. */
import { measure, type Request } from "../measure";

process.once("message", (request: Request) => {
  measure(request).then(
    (measured) => process.send?.(measured, () => process.exit(0)),
    (error: unknown) => process.send?.({ failed: String(error) }, () => process.exit(1)),
  );
});
