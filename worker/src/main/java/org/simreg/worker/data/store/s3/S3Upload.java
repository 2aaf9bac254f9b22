package org.simreg.worker.data.store.s3;

import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.NoSuchUploadException;

/**
 * An object on its way into a bucket, in parts that are each tried again; it is there once it is complete. Closing it
 * before gives it up. Belongs to one thread.
 */
final class S3Upload implements WritableByteChannel {
    /** Of a part: held in memory. */
    private static final int PART = 1 << 24;

    private static final int MOST_PARTS = 10_000;
    private static final Logger LOG = LoggerFactory.getLogger(S3Upload.class);

    private final S3Client client;
    private final S3Requests requests;
    private final ObjectName name;
    private final Sha256 sha = new Sha256();
    private final List<CompletedPart> parts = new ArrayList<>();
    private byte[] part = new byte[1 << 12];
    private int filled;
    private long bytes;
    private String id;
    private boolean open = true;

    S3Upload(S3Client client, S3Requests requests, ObjectName name) {
        this.client = client;
        this.requests = requests;
        this.name = name;
    }

    @Override
    public int write(ByteBuffer from) {
        int count = from.remaining();
        while (from.hasRemaining()) {
            if (filled == PART) {
                flush();
            }
            int some = Math.min(from.remaining(), PART - filled);
            if (part.length < filled + some) {
                part = Arrays.copyOf(part, Math.min(PART, Math.max(filled + some, 2 * part.length)));
            }
            from.get(part, filled, some);
            sha.bytes(part, filled, some);
            filled += some;
        }
        bytes += count;
        return count;
    }

    /** How many were written. */
    long bytes() {
        return bytes;
    }

    /** Of all that was written; nothing may follow. */
    String sha256() {
        return sha.hex();
    }

    private void flush() {
        if (id == null) {
            id = requests.call(
                            name.toString(),
                            () -> true,
                            () -> client.createMultipartUpload(
                                    request -> request.bucket(name.bucket()).key(name.key())))
                    .uploadId();
        }
        int number = parts.size() + 1;
        if (number > MOST_PARTS) {
            throw new UserError(
                    "%s has more than %d parts of %d bytes, the most that a bucket takes; write smaller files"
                            .formatted(name, MOST_PARTS, PART));
        }
        String md5 = md5();
        String tag = requests.call(
                        name.toString(),
                        () -> true,
                        () -> client.uploadPart(
                                request -> request.bucket(name.bucket())
                                        .key(name.key())
                                        .uploadId(id)
                                        .partNumber(number)
                                        .contentMD5(md5),
                                body()))
                .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
        filled = 0;
    }

    private RequestBody body() {
        return RequestBody.fromByteBuffer(ByteBuffer.wrap(part, 0, filled));
    }

    /** By which the service finds out damage on the way. */
    private String md5() {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            digest.update(part, 0, filled);
            return Base64.getEncoder().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has MD5", e);
        }
    }

    /**
     * Puts the object in its place.
     *
     * @throws UserError if it can't be
     */
    void complete() {
        if (id == null) {
            String md5 = md5();
            requests.call(
                    name.toString(),
                    () -> true,
                    () -> client.putObject(
                            request -> request.bucket(name.bucket())
                                    .key(name.key())
                                    .contentMD5(md5),
                            body()));
        } else {
            flush();
            requests.call(name.toString(), () -> true, () -> {
                join();
                return null;
            });
        }
        open = false;
    }

    private void join() {
        try {
            client.completeMultipartUpload(request -> request.bucket(name.bucket())
                    .key(name.key())
                    .uploadId(id)
                    .multipartUpload(all -> all.parts(parts)));
        } catch (NoSuchUploadException e) {
            // An earlier attempt was heard, and its answer lost.
            if (new S3Listing(client, requests).one(name).size() != bytes) {
                throw e;
            }
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        if (open && id != null) {
            try {
                client.abortMultipartUpload(
                        request -> request.bucket(name.bucket()).key(name.key()).uploadId(id));
            } catch (SdkException e) {
                LOG.debug("the parts of {} stay until the bucket's rules take them away: {}", name, e.toString());
            }
        }
        open = false;
    }
}
