/** Which parameter holds the path of `fs.path.name`, `fs.path.source` and `fs.path.target`, by event. */
export const PATH_PARAMS: Readonly<
  Record<'name' | 'source' | 'target', Readonly<Record<string, string>>>
> = {
  name: {
    mkdir: 'path',
    mkdirat: 'path',
    rmdir: 'path',
    unlink: 'path',
    unlinkat: 'name',
    open: 'name',
    openat: 'name',
    openat2: 'name',
    open_by_handle_at: 'path',
    chmod: 'filename',
    fchmodat: 'filename',
    chown: 'path',
    lchown: 'path',
    fchownat: 'pathname',
    quotactl: 'special',
    umount: 'name',
    umount2: 'name',
  },
  source: {
    rename: 'oldpath',
    renameat: 'oldpath',
    renameat2: 'oldpath',
    link: 'newpath',
    linkat: 'newpath',
    symlink: 'linkpath',
    symlinkat: 'linkpath',
    mount: 'dev',
  },
  target: {
    rename: 'newpath',
    renameat: 'newpath',
    renameat2: 'newpath',
    link: 'oldpath',
    linkat: 'oldpath',
    symlink: 'target',
    symlinkat: 'target',
    mount: 'dir',
  },
}
