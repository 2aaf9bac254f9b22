package org.simreg.coordinator.grpc.samples;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.zip.CRC32C;
import org.simreg.coordinator.grpc.FileParts.OpenFile;
import org.simreg.coordinator.grpc.StreamedAnswer;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.Version;
import org.simreg.worker.data.dataset.ImageList;

/** The parts of an answer to a read: one file after another, each in pieces. */
final class SampleParts implements StreamedAnswer.Parts<SamplePart> {
    /** Most bytes of a file; a worker that reads the file itself has the same bound. */
    private static final long LONGEST = Integer.MAX_VALUE / 2;

    private final Path root;
    private final ImageList images;
    private final Iterator<Wanted> wanted;
    private final CRC32C sum = new CRC32C();
    private OpenFile file;
    private int id;

    /**
     * @param images what the ids count in
     */
    SampleParts(ReadRequest request, ImageList images) {
        root = Path.of(request.getDataset().getPath());
        this.images = images;
        wanted = request.getSamplesList().iterator();
    }

    @Override
    public SamplePart next() {
        if (file != null) {
            return piece();
        }
        return wanted.hasNext() ? begin(wanted.next()) : null;
    }

    private SamplePart begin(Wanted sample) {
        id = sample.getId();
        Path path = images.file(id);
        try {
            Version version = OpenFile.version(path);
            if (sample.hasHeld() && sample.getHeld().equals(version)) {
                return part().setVersion(version).setUnchanged(true).build();
            }
            if (version.getLength() > LONGEST) {
                return part().setUnreadable("the file has " + version.getLength() + " bytes")
                        .build();
            }
            file = OpenFile.of(path);
            sum.reset();
        } catch (NoSuchFileException | AccessDeniedException e) {
            return unreadable(e);
        } catch (IOException e) {
            throw unavailable(path, e);
        }
        return piece();
    }

    private SamplePart.Builder part() {
        return SamplePart.newBuilder().setId(id);
    }

    private SamplePart piece() {
        try {
            return piece(file.next());
        } catch (IOException e) {
            throw unavailable(images.file(id), e);
        }
    }

    private SamplePart piece(ByteString bytes) throws IOException {
        for (ByteBuffer buffer : bytes.asReadOnlyByteBufferList()) {
            sum.update(buffer);
        }
        SamplePart.Builder part = part().setVersion(file.version()).setData(bytes);
        if (file.isRead()) {
            part.setCrc32C((int) sum.getValue());
            close();
        }
        return part.build();
    }

    /** The sentence is that of a worker that reads the file itself. */
    private SamplePart unreadable(IOException e) {
        if (!Files.isDirectory(root)) {
            throw unavailable(root, e);
        }
        return part().setUnreadable("it can't be read, " + e).build();
    }

    /**
     * Storage that is away for a while, too many open files, a coordinator that stops: none may
     * look like a broken image, which another takes the place of for good.
     */
    private static StatusRuntimeException unavailable(Path path, IOException e) {
        return Status.UNAVAILABLE
                .withDescription("The coordinator can't read %s now: %s".formatted(path, e))
                .withCause(e)
                .asRuntimeException();
    }

    @Override
    public void close() throws IOException {
        OpenFile open = file;
        file = null;
        if (open != null) {
            open.close();
        }
    }
}
