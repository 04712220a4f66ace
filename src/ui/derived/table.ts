/** Typed-array columns that grow together. Read `columns` anew after an `add`: growing replaces the arrays. */
type ColumnType =
  | Float64ArrayConstructor
  | Uint32ArrayConstructor
  | Int32ArrayConstructor
  | Uint16ArrayConstructor
  | Uint8ArrayConstructor;
type Spec = Readonly<Record<string, ColumnType>>;

export class Table<S extends Spec> {
  length = 0;
  columns: { [K in keyof S]: InstanceType<S[K]> };
  private capacity = 64;
  private readonly spec: S;

  constructor(spec: S) {
    this.spec = spec;
    this.columns = this.allocate();
  }

  /** A new row at the end, filled by the caller. */
  add(): number {
    if (this.length === this.capacity) {
      const old = this.columns;
      this.capacity *= 2;
      this.columns = this.allocate();
      for (const name of Object.keys(this.spec)) this.columns[name].set(old[name]);
    }
    return this.length++;
  }

  private allocate(): { [K in keyof S]: InstanceType<S[K]> } {
    const columns = Object.entries(this.spec).map(([name, Type]) => [name, new Type(this.capacity)]);
    return Object.fromEntries(columns) as { [K in keyof S]: InstanceType<S[K]> };
  }
}
