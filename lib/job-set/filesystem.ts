import { statfs } from 'node:fs/promises';

/**
 * Filesystems of this machine alone, by the `f_type` of statfs(2): a write to them raises an event here. Any other may be
 * written by another machine, which raises none. The numbers are those of the manual page statfs(2) and linux/magic.h.
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

/** Whether nobody but this machine writes to a directory's filesystem, and it answers at once; false if that cannot be told. */
export async function isLocalFileSystem(directory: string): Promise<boolean> {
  const type = await statfs(directory).then(
    (stats) => stats.type,
    () => undefined,
  );
  return type !== undefined && LOCAL_TYPES.has(type);
}
