package org.simreg.coordinator.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gRPC status of a failure: a message for people and details for programs. Both are bounded,
 * because a client takes 8 KiB of them by default and values of the request are quoted in them.
 */
public final class GrpcStatuses {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcStatuses.class);
    private static final String DOMAIN = "simreg";
    private static final int LONGEST_MESSAGE = 1000;
    private static final int LONGEST_VIOLATION = 160;
    private static final int MOST_VIOLATIONS = 12;

    private GrpcStatuses() {}

    /** Turns any failure into a status; an unexpected one is logged too. */
    public static StatusRuntimeException of(Throwable failure) {
        if (failure instanceof CompletionException && failure.getCause() != null) {
            return of(failure.getCause());
        }
        if (failure instanceof StatusRuntimeException done) {
            return done;
        }
        if (failure instanceof StatusException done) {
            return new StatusRuntimeException(done.getStatus(), done.getTrailers());
        }
        if (failure instanceof Refused refused) {
            return refused(refused);
        }
        if (failure instanceof UserError wrong) {
            return wrong(wrong);
        }
        if (failure instanceof RejectedExecutionException) {
            return refused(new Refused(Refused.Kind.UNAVAILABLE, "The coordinator is stopping"));
        }
        Optional<UserError.NotHere> memory = Shortage.ofMemory(failure);
        if (memory.isPresent()) {
            return wrong(memory.get());
        }
        LOG.error("A request failed by an unexpected error", failure);
        String what = "The coordinator failed by an unexpected error, " + failure;
        return status(Code.INTERNAL, what + "; its log tells more", info("UNEXPECTED"));
    }

    /** Whether the request itself was wrong, so that time would not have helped. */
    public static boolean isCallersFault(Throwable failure) {
        return switch (of(failure).getStatus().getCode()) {
            case INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION -> true;
            default -> false;
        };
    }

    /** A field of a request that is wrong in itself. */
    public static StatusRuntimeException invalid(String field, String what) {
        BadRequest.Builder details = BadRequest.newBuilder();
        details.addFieldViolations(violation(field, what));
        String message = "The request is refused: " + field + ": " + what;
        return status(Code.INVALID_ARGUMENT, message, details.build());
    }

    private static StatusRuntimeException refused(Refused refused) {
        Code code = switch (refused.kind()) {
            case INVALID -> Code.INVALID_ARGUMENT;
            case UNKNOWN -> Code.NOT_FOUND;
            case STATE -> Code.FAILED_PRECONDITION;
            case EXISTS -> Code.ALREADY_EXISTS;
            case FORBIDDEN -> Code.PERMISSION_DENIED;
            case FULL -> Code.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Code.UNAVAILABLE;
            case DAMAGED -> Code.DATA_LOSS;
        };
        return status(code, refused.getMessage(), info(refused.kind().name()));
    }

    /**
     * The problems of a {@link UserError} are about the job that a request holds; without them it
     * is about files.
     */
    private static StatusRuntimeException wrong(UserError error) {
        List<UserError.Problem> problems = error.problems();
        if (problems.isEmpty()) {
            boolean later = Shortage.in(error).isPresent();
            return refused(new Refused(later ? Refused.Kind.UNAVAILABLE : Refused.Kind.STATE, error.getMessage()));
        }
        BadRequest.Builder details = BadRequest.newBuilder();
        problems.stream()
                .limit(MOST_VIOLATIONS)
                .map(problem -> violation("job." + key(problem.place()), problem.what()))
                .forEach(details::addFieldViolations);
        return status(Code.INVALID_ARGUMENT, error.getMessage(), details.build());
    }

    /** The field of a place, which may name the option too: "optimization.epochs (--epochs)". */
    private static String key(String place) {
        int option = place.indexOf(' ');
        return option < 0 ? place : place.substring(0, option);
    }

    private static BadRequest.FieldViolation violation(String field, String what) {
        return BadRequest.FieldViolation.newBuilder()
                .setField(field)
                .setDescription(cut(what, LONGEST_VIOLATION))
                .build();
    }

    private static ErrorInfo info(String reason) {
        return ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN).build();
    }

    private static StatusRuntimeException status(Code code, String message, Message details) {
        return StatusProto.toStatusRuntimeException(Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(cut(message, LONGEST_MESSAGE))
                .addDetails(Any.pack(details))
                .build());
    }

    private static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "...";
    }
}
