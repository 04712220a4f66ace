/** All instructions of the machine: importing this loads every definition. */
import "./arithmetic";
import "./logic";
import "./shifts";
import "./multiply";
import "./bits";
import "./moves";
import "./exchange";
import "./conditional";
import "./stack";
import "./control";
import "./strings";
import "./flagbits";
import "./bcd";
import "./hints";
import "./privileged";
import "./crc";
import "./packed";
import "./shuffles";
import "./elements";
import "./horizontal";
import "./vectorstrings";
import "./vectormoves";
import "./floats";
import "./fpu";

export { instructions, type Instruction } from "./notation";
