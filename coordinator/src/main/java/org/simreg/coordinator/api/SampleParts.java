package org.simreg.coordinator.api;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.zip.CRC32C;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.Version;
import org.simreg.worker.data.ImageFolder;

/** The answer to a read: one file after another, each in pieces. */
final class SampleParts implements Parts<SamplePart> {
    /** Longer than any image; a worker that reads the file itself says so too. */
    private static final long LONGEST = Integer.MAX_VALUE / 2;

    private final Path root;
    private final ImageFolder images;
    private final Iterator<Wanted> wanted;
    private final CRC32C sum = new CRC32C();
    private SampleFile file;
    private int id;

    /**
     * @param images what the ids count in
     */
    SampleParts(ReadRequest request, ImageFolder images) {
        root = Path.of(request.getDataset().getPath());
        this.images = images;
        wanted = request.getSamplesList().iterator();
    }

    @Override
    public SamplePart next() throws IOException {
        if (file != null) {
            return piece();
        }
        return wanted.hasNext() ? begin(wanted.next()) : null;
    }

    private SamplePart begin(Wanted sample) {
        id = sample.getId();
        Path path = images.file(id);
        try {
            Version version = SampleFile.version(path);
            if (sample.hasHeld() && sample.getHeld().equals(version)) {
                return part().setVersion(version).setUnchanged(true).build();
            }
            if (version.getLength() > LONGEST) {
                return part().setUnreadable("the file has " + version.getLength() + " bytes")
                        .build();
            }
            file = new SampleFile(path);
            sum.reset();
            return piece();
        } catch (IOException e) {
            return unreadable(e);
        }
    }

    private SamplePart.Builder part() {
        return SamplePart.newBuilder().setId(id);
    }

    private SamplePart piece() {
        try {
            ByteString bytes = file.next();
            for (ByteBuffer buffer : bytes.asReadOnlyByteBufferList()) {
                sum.update(buffer);
            }
            SamplePart.Builder part = part().setVersion(file.version()).setData(bytes);
            if (file.isRead()) {
                part.setCrc32C((int) sum.getValue());
                close();
            }
            return part.build();
        } catch (IOException e) {
            return unreadable(e);
        }
    }

    /** Words it as a worker does that reads the file itself. */
    private SamplePart unreadable(IOException e) {
        if (!Files.isDirectory(root)) {
            // Storage that is away for a while must not look like broken images.
            throw Status.UNAVAILABLE
                    .withDescription("The data set's folder " + root + " can't be reached")
                    .asRuntimeException();
        }
        try {
            close();
        } catch (IOException closing) {
            e.addSuppressed(closing);
        }
        return part().setUnreadable("it can't be read, " + e).build();
    }

    @Override
    public void close() throws IOException {
        SampleFile open = file;
        file = null;
        if (open != null) {
            open.close();
        }
    }
}
