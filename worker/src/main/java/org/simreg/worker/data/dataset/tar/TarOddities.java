package org.simreg.worker.data.dataset.tar;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.located.SampleEntries;

/** The count of members that are left out because they are no plain files below the tar's root. Safe for several threads. */
final class TarOddities {
    private static final String MEMBERS = "members";
    private static final String LINKS = "links in tars";

    /** By kind: how many, and the first by name. */
    private final Map<String, Seen> kinds = new LinkedHashMap<>();

    private record Seen(long count, String first) {}

    /** Whether a member is one of these; it is counted then. */
    synchronized boolean take(TarArchiveEntry entry, String path, String tar) {
        String kind = kind(entry, path);
        if (kind.isEmpty()) {
            return false;
        }
        String name = tar + ": " + path;
        kinds.merge(
                kind,
                new Seen(1, name),
                (seen, one) -> new Seen(seen.count + 1, seen.first.compareTo(name) < 0 ? seen.first : name));
        return true;
    }

    private static String kind(TarArchiveEntry entry, String path) {
        if (entry.isSymbolicLink() || entry.isLink()) {
            return LINKS;
        } else if (entry.isSparse()) {
            return "sparse " + MEMBERS + ", whose bytes don't lie in one piece";
        } else if (entry.isFIFO() || entry.isCharacterDevice() || entry.isBlockDevice() || !entry.isFile()) {
            return MEMBERS + " other than files";
        } else if (path.startsWith("/")) {
            return MEMBERS + " with an absolute name";
        } else if (path.equals("..") || path.startsWith("../") || path.contains("/../") || path.endsWith("/..")) {
            return MEMBERS + " with .. in the name";
        }
        return "";
    }

    /** A sentence a kind. */
    synchronized void note(SampleEntries into) {
        kinds.forEach((kind, seen) -> into.note("left out: %d %s (%s)"
                .formatted(seen.count(), counted(kind, seen.count()), FileNames.shown(seen.first()))));
    }

    /** The kind of one, or of several. */
    private static String counted(String kind, long count) {
        return count == 1 ? kind.replace(MEMBERS, "member").replace(LINKS, "link in a tar") : kind;
    }
}
