package org.simreg.coordinator.grpc.samples;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.zip.CRC32C;
import org.simreg.coordinator.grpc.StreamedAnswer;
import org.simreg.proto.DataSource;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.UserError;
import org.simreg.proto.Version;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/** The parts of an answer to a read: one sample after another, each in pieces. */
final class SampleParts implements StreamedAnswer.Parts<SamplePart> {
    /** Most bytes of a file; a worker that reads the file itself has the same bound. */
    private static final long LONGEST = Integer.MAX_VALUE / 2;

    /** Bytes of a piece; a client that doesn't read its answer keeps one or two of them here. */
    private static final int PIECE = 1 << 18;

    private final List<Path> roots;
    private final ImageList images;
    private final SampleSource.Stored source;
    private final Iterator<Wanted> wanted;
    private final CRC32C sum = new CRC32C();
    private SampleBytes bytes;
    private long left;
    private int id;

    /**
     * @param images what the ids count in
     */
    SampleParts(ReadRequest request, ImageList images) {
        roots = DataSource.of(request.getDataset()).stream()
                .filter(source -> !source.isObjects())
                .map(source -> Path.of(source.base()))
                .toList();
        this.images = images;
        source = (SampleSource.Stored) images.source();
        wanted = request.getSamplesList().iterator();
    }

    @Override
    public SamplePart next() throws IOException {
        if (bytes != null) {
            return piece();
        }
        return wanted.hasNext() ? begin(wanted.next()) : null;
    }

    private SamplePart begin(Wanted sample) throws IOException {
        id = sample.getId();
        try {
            bytes = source.open(id);
        } catch (NoSuchFileException | AccessDeniedException e) {
            return unreadable(e);
        } catch (IOException e) {
            throw unavailable(images.location(id), e);
        } catch (UserError e) {
            throw Status.FAILED_PRECONDITION
                    .withDescription(e.getMessage())
                    .withCause(e)
                    .asRuntimeException();
        }
        Version version = bytes.version();
        if (sample.hasHeld() && sample.getHeld().equals(version)) {
            close();
            return part().setVersion(version).setUnchanged(true).build();
        }
        if (version.getLength() > LONGEST) {
            close();
            return part().setUnreadable("the file has " + version.getLength() + " bytes")
                    .build();
        }
        left = version.getLength();
        sum.reset();
        return piece();
    }

    private SamplePart.Builder part() {
        return SamplePart.newBuilder().setId(id);
    }

    private SamplePart piece() throws IOException {
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, left));
        try {
            bytes.read(piece);
            left -= piece.flip().remaining();
            if (piece.limit() < piece.capacity() || left == 0) {
                requireUnchanged();
            }
        } catch (IOException e) {
            throw unavailable(images.location(id), e);
        }
        sum.update(piece.duplicate());
        SamplePart.Builder part = part().setVersion(bytes.version()).setData(UnsafeByteOperations.unsafeWrap(piece));
        if (left == 0) {
            part.setCrc32C((int) sum.getValue());
            close();
        }
        return part.build();
    }

    /** The last piece is given once it is sure that the sample is still the same. */
    private void requireUnchanged() throws IOException {
        Version version = bytes.version();
        Version now = bytes.now();
        if (!now.equals(version) || left > 0) {
            throw Status.FAILED_PRECONDITION
                    .withDescription(
                            "%s has changed while it was read: it had %d bytes and has %d now; leave the files of a running job alone, and resume it"
                                    .formatted(images.location(id), version.getLength(), now.getLength()))
                    .asRuntimeException();
        }
    }

    /** The sentence is that of a worker that reads the file itself. */
    private SamplePart unreadable(IOException e) {
        for (Path root : roots) {
            if (!Files.exists(root)) {
                throw unavailable(root.toString(), e);
            }
        }
        return part().setUnreadable("it can't be read, " + Disk.reason(e)).build();
    }

    /**
     * Storage that is away for a while, too many open files, a coordinator that stops: none may
     * look like a broken image, which another takes the place of for good.
     */
    private static StatusRuntimeException unavailable(String what, IOException e) {
        return Status.UNAVAILABLE
                .withDescription("The coordinator can't read %s now: %s".formatted(what, Disk.reason(e)))
                .withCause(e)
                .asRuntimeException();
    }

    @Override
    public void close() throws IOException {
        SampleBytes open = bytes;
        bytes = null;
        if (open != null) {
            open.close();
        }
    }
}
