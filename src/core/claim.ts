/** A promise about production, in the user's words. */
export interface Claim {
  readonly id: string;
  /** A full sentence: "A crashed service comes back by itself." */
  readonly promise: string;
  readonly area: string;
  /** `must`: the stack is not ready while this is refuted. */
  readonly weight: "must" | "should";
  /** What a drill would do to decide it where paper cannot. */
  readonly decidedBy: string;
  /**
   * Rules that all have to have seen their promise kept for files alone to hold the claim. Absent where no file can
   * tell: what is in order is then told among the strengths, and a drill decides.
   */
  readonly onPaper?: readonly string[];
}
