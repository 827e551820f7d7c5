/** A request of the transcript that is answered otherwise here, on purpose. */
export interface Difference {
  readonly reason: string;
  /** Our status, where it differs. */
  readonly status?: number;
  /** The body is not compared. */
  readonly otherBody?: boolean;
  /** The body is equal, the Location header is not. */
  readonly otherLocation?: boolean;
}

const malformed = 'a malformed request is the client’s error: 400, not 500';
const differs = (reason: string, status?: number): Difference => ({
  reason,
  otherBody: true,
  ...(status === undefined ? {} : { status }),
});

export const DIFFERENCES: ReadonlyMap<number, Difference> = new Map<number, Difference>([
  [10, differs('an empty path segment is a path that does not exist', 404)],
  ...[22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 35, 37].map((n): [number, Difference] => [
    n,
    differs(malformed, 400),
  ]),
  ...[39, 40, 41].map((n): [number, Difference] => [n, differs('other connectors are available')]),
  [48, differs('one error a key: what is no number is not also null')],
  [54, differs('a transform that names a predicate nobody set up is refused at once', 400)],
  [55, differs('so it does not exist', 404)],
  [56, differs('so it does not exist', 404)],
  ...[63, 64, 65].map((n): [number, Difference] => [n, differs(malformed, 400)]),
  [67, differs('the stand-in host has no producer that could refuse its settings')],
  [98, differs('the message names the key')],
  ...[102, 104].map((n): [number, Difference] => [
    n,
    { reason: 'a name is percent-encoded in Location, so that it can be followed', otherLocation: true },
  ]),
  [105, differs('a name that clients take out of an address is refused', 400)],
  [109, differs('so it is not listed')],
  [110, differs('a name with a space is found like any other', 200)],
  [112, differs('a name with an encoded slash is found', 200)],
  [115, differs('a name with an encoded percent sign is found', 200)],
  [118, differs('errors are JSON')],
  [121, differs('a name with an encoded slash is found and deleted', 204)],
  [123, differs('a name with an encoded percent sign is found and deleted', 204)],
  [124, differs('and cannot be asked for', 405)],
  [129, differs('what an encoded path reaches is deleted')],
  ...[138, 139, 140, 142].map((n): [number, Difference] => [n, differs(malformed, 400)]),
  [148, differs('one error a key: what is no number is not also null')],
  [150, differs('a connector cannot be renamed: refused', 400)],
  [197, differs('other odd names are left')],
  [283, differs('a connector with a failed task is named')],
  [311, differs('one error a key: what is no number is not also null')],
  [313, differs('fewer transforms and predicates are available')],
  [355, differs('what is left is what no path reaches')],
  [155, differs('so it kept its name')],
  [151, differs(malformed, 400)],
  [152, differs(malformed, 400)],
  [177, differs('topics of a source are told by its tasks; the stand-in host has none')],
  [180, differs('a reset forgets until the topic is used again')],
  [200, differs('a stopped connector that is paused is PAUSED')],
  [204, differs('a task that does not exist is not found', 404)],
  ...[218, 219, 220, 221, 222, 223].map((n): [number, Difference] => [n, differs(malformed, 400)]),
  ...[224, 225, 226, 228, 229, 230].map((n): [number, Difference] => [n, { reason: malformed, status: 400 }]),
  [248, differs(malformed, 400)],
  [249, differs(malformed, 400)],
  [254, differs(malformed, 400)],
  [294, differs('other plugins are available')],
  [292, differs('other plugins are available')],
  [293, differs('other plugins are available')],
  [295, differs('other plugins are available')],
  [310, differs('an alias names the same connector', 200)],
  [316, { reason: malformed, status: 400, otherBody: true }],
  [318, { reason: malformed, status: 400, otherBody: true }],
  [319, { reason: malformed, status: 400, otherBody: true }],
  [320, { reason: malformed, status: 400, otherBody: true }],
  [321, differs(malformed, 400)],
  [322, differs(malformed, 400)],
  [323, differs(malformed, 400)],
  [325, differs('other loggers exist')],
  ...[340, 341, 342].map((n): [number, Difference] => [n, differs(malformed, 400)]),
  ...[345, 346].map((n): [number, Difference] => [n, differs('other loggers exist')]),
  [287, differs('a task that has failed stays so while its connector is paused')],
]);
