package org.simreg.worker.data.dataset.folder;

/** The folders of a data set, on a disk or in an archive. */
interface Folders {
    /** Lists a folder that will perhaps be listed again; that costs nothing then. */
    FolderWalk.Entries peek(String folder);

    /** Whether there is such a folder. */
    boolean isFolder(String folder);
}
