import { statfs } from 'node:fs/promises';

/**
 * Types of local file systems, as `f_type` of statfs(2) and linux/magic.h number them: every write to them
 * raises a file event. Others may be written by other machines, whose writes raise no event here.
 */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x2fc12fc1, // ZFS
  0x794c7630, // overlayfs
  0xf2f52010, // F2FS
  0x52654973, // ReiserFS
  0x3153464a, // JFS
  0xca451a4e, // bcachefs
  0x1a, // APFS, as macOS numbers it
  0x11, // HFS+, as macOS numbers it
]);

/**
 * Whether a directory's file system is local: only this machine writes to it, and it answers at once. False
 * if that is not known.
 */
export async function isLocalFileSystem(directory: string): Promise<boolean> {
  const type = await statfs(directory).then(
    (stats) => stats.type,
    () => undefined,
  );
  return type !== undefined && LOCAL_TYPES.has(type);
}
