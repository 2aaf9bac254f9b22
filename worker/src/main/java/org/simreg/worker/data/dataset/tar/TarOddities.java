package org.simreg.worker.data.dataset.tar;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.located.SampleEntries;

/** The count of members that are left out because they are no plain files below the tar's root. Safe for several threads. */
final class TarOddities {
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
            return "links in tars";
        } else if (entry.isSparse()) {
            return "sparse members, whose bytes don't lie in one piece";
        } else if (entry.isFIFO() || entry.isCharacterDevice() || entry.isBlockDevice() || !entry.isFile()) {
            return "members that are no files";
        } else if (path.startsWith("/")) {
            return "members with an absolute name";
        } else if (path.equals("..") || path.startsWith("../") || path.contains("/../") || path.endsWith("/..")) {
            return "members with .. in their name";
        }
        return "";
    }

    /** A sentence a kind. */
    synchronized void note(SampleEntries into) {
        kinds.forEach((kind, seen) ->
                into.note("left out: %d %s (%s)".formatted(seen.count(), kind, FileNames.shown(seen.first()))));
    }
}
