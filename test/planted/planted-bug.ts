/** A bug that the suite has to notice: one piece of text in one file, replaced. */
export interface PlantedBug {
  /** What goes wrong, in a few words. */
  readonly name: string;
  /** The invariant it breaks (`docs/architecture.md`). */
  readonly invariant: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly plant: string;
  /** The test file that goes red. */
  readonly test: string;
  /** Part of the name of the test that goes red; none: any test of the file. */
  readonly only?: string;
}
