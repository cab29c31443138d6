/** Where labs keep their files: outside every project, one directory each. The workspace implements it. */
export interface LabStore {
  /** Makes the directory of a new lab and says in it who owns it, before anything else is made. */
  open(lab: string, about: { readonly root: string }): Promise<LabFiles>;
  list(): Promise<readonly LabRecord[]>;
  /** @throws UserError when something in it cannot be removed. */
  remove(lab: string): Promise<void>;
}

export interface LabRecord {
  readonly lab: string;
  /** The project that was cloned. */
  readonly root: string;
  /** The process that made it still runs. */
  readonly alive: boolean;
}

export interface LabFiles {
  readonly directory: string;
  /** Where the project's copy lies. */
  readonly copy: string;
  /**
   * Copies the project without version control, dependencies and what `leaveOut` names (relative paths).
   * @throws UserError when it is larger than a lab may be.
   */
  copyProject(leaveOut: readonly string[]): Promise<void>;
  /** Copies a file or directory from elsewhere, regular files only. False when it is absent, special or too large. */
  copyOutside(source: string, to: string): Promise<boolean>;
  /**
   * Copies what lies beside the project, under its own name beside the copy, as the project is copied. False when it
   * is absent or too large, or when its name is one of the lab's own.
   */
  copySibling(path: string): Promise<boolean>;
  /** A path below the lab's directory. */
  path(relative: string): string;
  /** Writes a text below the lab's directory; `mode` defaults to 0644. */
  write(relative: string, text: string, mode?: number): Promise<void>;
  read(relative: string): Promise<string | undefined>;
  has(relative: string): Promise<boolean>;
}
