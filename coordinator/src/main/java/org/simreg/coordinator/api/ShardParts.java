package org.simreg.coordinator.api;

import java.io.IOException;
import java.nio.file.Path;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;

/** A shard's file for a worker that doesn't see it. */
final class ShardParts implements Parts<ShardPart> {
    private final ShardFile header;
    private final SampleFile file;
    private boolean begun;

    ShardParts(ShardFile header, Path path) throws IOException {
        this.header = header;
        file = new SampleFile(path);
    }

    @Override
    public ShardPart next() throws IOException {
        if (!begun) {
            begun = true;
            return ShardPart.newBuilder().setHeader(header).build();
        }
        return file.isRead() ? null : ShardPart.newBuilder().setData(file.next()).build();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
