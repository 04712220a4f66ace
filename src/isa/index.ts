/** All instructions of the machine: importing this loads every definition. */
import "./arithmetic";

export { instructions, type Instruction } from "./notation";
