package org.simreg.coordinator.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import org.simreg.proto.UserError;

/**
 * What a status means to the one who typed the command.
 *
 * @param where the coordinator that was asked
 */
record Sentences(String where) {
    /** The coordinator's own words where it was the coordinator that answered. */
    UserError error(StatusRuntimeException failure, Duration patience) {
        Status details = StatusProto.fromThrowable(failure);
        if (details != null && details.getDetailsCount() > 0) {
            return refused(details);
        }
        String said = failure.getStatus().getDescription();
        return new UserError(
                switch (failure.getStatus().getCode()) {
                    case UNAVAILABLE ->
                            Handshake.failure(where, failure).orElseGet(() -> nobody(where));
                    case DEADLINE_EXCEEDED -> slow(patience);
                    case UNIMPLEMENTED -> stranger();
                    default -> failed(failure, said == null ? "without a reason" : said);
                },
                failure);
    }

    static String nobody(String where) {
        return "No coordinator answers at "
                + where
                + "; start one with 'simreg coordinator' or name it with --coordinator";
    }

    private String slow(Duration patience) {
        return "The coordinator at "
                + where
                + " did not answer within "
                + patience.toSeconds()
                + " s; see its log, or try again";
    }

    private String stranger() {
        return "What answers at "
                + where
                + " is no coordinator of this version; name another with --coordinator";
    }

    private String failed(StatusRuntimeException failure, String said) {
        return "The coordinator at "
                + where
                + " refused the request ("
                + failure.getStatus().getCode()
                + "): "
                + said;
    }

    private static UserError refused(Status status) {
        List<UserError.Problem> problems =
                status.getDetailsList().stream()
                        .filter(detail -> detail.is(BadRequest.class))
                        .flatMap(detail -> unpacked(detail).getFieldViolationsList().stream())
                        .map(v -> new UserError.Problem(v.getField(), v.getDescription()))
                        .toList();
        return new UserError(status.getMessage(), problems);
    }

    private static BadRequest unpacked(Any detail) {
        try {
            return detail.unpack(BadRequest.class);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError("The coordinator's answer can't be read: " + e.getMessage(), e);
        }
    }
}
