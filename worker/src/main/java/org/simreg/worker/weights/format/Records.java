package org.simreg.worker.weights.format;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The named records of an archive, packed or unpacked. */
public interface Records {
    /** All names in the archive's order. */
    Iterable<String> names();

    /** Whether there is a record of that name. */
    boolean contains(String name);

    /**
     * Bytes of a record as {@link #data} gives them, without reading it.
     *
     * @throws CorruptFile if there is no such record
     */
    long size(String name) throws CorruptFile;

    /**
     * The bytes of a record, mapped where that can be.
     *
     * @throws CorruptFile if there is no such record, or it is damaged
     */
    ByteBuffer data(String name) throws CorruptFile;

    /**
     * The bytes of a record as {@link #data} gives them, which are read when they are asked for.
     *
     * @return throws a {@link UserError} if they can't be read
     * @throws CorruptFile as {@link #data}, as far as that is seen without reading them
     */
    Supplier<ByteBuffer> lazily(String name) throws CorruptFile;
}
