package org.simreg.worker.data;

import com.google.protobuf.ByteString;
import org.simreg.proto.Version;

/** What the coordinator said of one sample. */
sealed interface Arrival {
    /** The sample. */
    int id();

    /**
     * Its file, whole and checked.
     *
     * @param version its length is that of the data
     * @param crc32c of the data
     */
    record File(int id, Version version, ByteString data, int crc32c) implements Arrival {}

    /** The version that the asker holds is the present one. */
    record Unchanged(int id) implements Arrival {}

    /** It can't be read there. */
    record Unreadable(int id, String reason) implements Arrival {}
}
