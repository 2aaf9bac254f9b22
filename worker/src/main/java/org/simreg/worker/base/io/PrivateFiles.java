package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rights to what only its owner may read: folders 0700, files 0600. A file that is made in such a folder gets these
 * rights, too, and is as private when it is moved or linked elsewhere.
 */
public final class PrivateFiles {
    private static final Logger LOG = LoggerFactory.getLogger(PrivateFiles.class);
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<?>[] NONE = {};

    private PrivateFiles() {}

    /** Makes a folder, and those on the way to it, for its owner only; takes the rights of others to one that is there. */
    public static void folder(Path folder) throws IOException {
        if (!isPosix(folder)) {
            Files.createDirectories(folder);
        } else if (Files.exists(folder)) {
            restrict(folder, FOLDER);
        } else {
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(FOLDER));
        }
    }

    /** Takes the rights of others to a file; nothing if it isn't there. */
    public static void file(Path file) throws IOException {
        if (isPosix(file) && OwnFolder.isFile(file)) {
            restrict(file, FILE);
        }
    }

    private static void restrict(Path path, Set<PosixFilePermission> wanted) throws IOException {
        if (wanted.containsAll(Files.getPosixFilePermissions(path))) {
            return;
        }
        try {
            Files.setPosixFilePermissions(path, wanted);
        } catch (IOException e) {
            LOG.warn("{} may be read by others, and its rights can't be changed: {}", path, Disk.reason(e));
        }
    }

    /** The rights that a new file in a folder begins with: the usual ones, unless the folder is its owner's only. */
    static FileAttribute<?>[] in(Path folder) throws IOException {
        if (!isPosix(folder) || !Files.isDirectory(folder)) {
            return NONE;
        }
        Set<PosixFilePermission> rights = EnumSet.noneOf(PosixFilePermission.class);
        rights.addAll(Files.getPosixFilePermissions(folder));
        rights.removeAll(FOLDER);
        return rights.isEmpty() ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(FILE)} : NONE;
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
