/** The Program assembler as the page sees it; it belongs to Herald, whose instructions it encodes. */
export { assemble, programReference, type Assembled, type ProgramError } from "../herald/assembler";
