import { isSameVersion, type RemoteVersion } from '../remote-version.ts';
import { OPEN_DATA_FILES, type OpenDataFile } from './rows.ts';

/** The versions of the files of a dump. Files without any version are left out. */
export type DumpVersions = Readonly<Partial<Record<OpenDataFile, RemoteVersion>>>;

/** True if all files have a version. Only then can a walk be resumed. */
export function isIdentified(dump: DumpVersions): boolean {
  return isSameDump(dump, dump);
}

export function isSameDump(a: DumpVersions, b: DumpVersions): boolean {
  return OPEN_DATA_FILES.every((file) => {
    const [one, other] = [a[file], b[file]];
    return one !== undefined && other !== undefined && isSameVersion(one, other);
  });
}
