//! The fields of a line that are read; content has none.

use crate::session::json::{Flag, LineCount, List, Number, Str, Table, object};

/// Types of lines that tell nothing but content, or nothing that matters.
pub(super) const SKIPPED: &[&str] = &[
    "agent-color",
    "agent-name",
    "agent-setting",
    "ai-title",
    "api-request",
    "api-request-blob",
    "api-request-shape",
    "atis-latch",
    "attribution-snapshot",
    "bridge-session",
    "content-replacement",
    "custom-title",
    "frame-link",
    "history-suppression",
    "isolation-latch",
    "last-prompt",
    "mode",
    "queue-operation",
    "summary",
    "tag",
    "teleported-from",
    "tools-used",
];

/// Fields at the top of a line that are known and not read.
const BESIDES: &[&str] = &[
    "apiBlockIndex",
    "apiErrorStatus",
    "attributionAgent",
    "attributionMcpServer",
    "attributionMcpTool",
    "attributionPlugin",
    "attributionSkill",
    "bridgeSessionId",
    "cause",
    "compactMetadata",
    "content",
    "data",
    "durationMs",
    "effort",
    "error",
    "hasOutput",
    "hasUnknownModelCost",
    "hookCount",
    "hookErrors",
    "hookInfos",
    "isCompactSummary",
    "isMeta",
    "isSnapshotUpdate",
    "isVisibleInTranscriptOnly",
    "level",
    "logicalParentUuid",
    "madeBy",
    "maxRetries",
    "messageCount",
    "messageId",
    "microcompactMetadata",
    "origin",
    "parentToolUseID",
    "parentUuid",
    "perTurnEffort",
    "planContent",
    "prNumber",
    "prRepository",
    "preventedContinuation",
    "promptCacheRequested",
    "promptId",
    "promptSource",
    "rendered",
    "renderedBesideToolResult",
    "renderedInHumanTurn",
    "renderedRole",
    "requestRef",
    "requestedModel",
    "retryAttempt",
    "retryInMs",
    "sandboxed",
    "slug",
    "snapshotMessageId",
    "sourceToolAssistantUUID",
    "sourceToolUseID",
    "startTime",
    "stopReason",
    "teamName",
    "thinkingMetadata",
    "todos",
    "toolInputStreamMs",
    "toolUseID",
    "totalAPIDuration",
    "totalAPIDurationWithoutRetries",
    "totalCostUSD",
    "totalDuration",
    "totalLinesAdded",
    "totalLinesRemoved",
    "totalToolDuration",
    "turnOrigin",
    "turnPosition",
    "url",
    "userType",
    "wireIngestContext",
];

object! {
    /// One line of whatever type.
    struct Line<'a> {
        "type" => kind: Str<'a>,
        "subtype" => subtype: Str<'a>,
        "uuid" => uuid: Str<'a>,
        "sessionId" => session: Str<'a>,
        "session_id" => session_snake: Str<'a>,
        "agentId" => agent: Str<'a>,
        "timestamp" => timestamp: Str<'a>,
        "cwd" => cwd: Str<'a>,
        "gitBranch" => branch: Str<'a>,
        "version" => version: Str<'a>,
        "entrypoint" => entrypoint: Str<'a>,
        "isSidechain" => sidechain: Flag,
        "permissionMode" => permission_mode: Str<'a>,
        "requestId" => request: Str<'a>,
        "requestSessionId" => request_session: Str<'a>,
        "forkedFrom" => forked_from: ForkedFrom<'a>,
        "isApiErrorMessage" => api_error: Flag,
        "message" => message: Message<'a>,
        "toolUseResult" => result: ToolResult<'a>,
        "toolDenialKind" => denial: Str<'a>,
        "permissionDecision" => decision: Decision<'a>,
        "attachment" => attachment: Attachment<'a>,
        "prUrl" => pr_url: Str<'a>,
        "worktreeSession" => worktree: Worktree<'a>,
        "relocatedCwd" => relocated_cwd: Str<'a>,
        "continuedInSessionId" => continued_in: Str<'a>,
        "modelUsage" => model_usage: Table<'a, ModelUsage<'a>>,
        "snapshot" => snapshot: Snapshot<'a>,
        "trackingPath" => tracking_path: Str<'a>,
        "backup" => backup: Backup<'a>,
    }
    unknown unknown besides BESIDES
}

object! {
    /// Where a copied line is from.
    struct ForkedFrom<'a> {
        "sessionId" => session: Str<'a>,
    }
}

object! {
    /// A message of the model, or to it.
    struct Message<'a> {
        "id" => id: Str<'a>,
        "model" => model: Str<'a>,
        "content" => content: List<Block<'a>>,
        "usage" => usage: Counters<'a>,
    }
}

object! {
    /// A part of a message: a call, a result, or content.
    struct Block<'a> {
        "type" => kind: Str<'a>,
        "id" => id: Str<'a>,
        "name" => name: Str<'a>,
        "input" => input: Input<'a>,
        "tool_use_id" => call: Str<'a>,
        "is_error" => error: Flag,
        "content" => text: Opening,
    }
}

object! {
    /// What a tool is told, as far as it names a place. The command is read and forgotten.
    struct Input<'a> {
        "file_path" => file_path: Str<'a>,
        "filePath" => file_path_camel: Str<'a>,
        "notebook_path" => notebook_path: Str<'a>,
        "path" => path: Str<'a>,
        "command" => command: Str<'a>,
    }
}

object! {
    /// Token counters of one response.
    struct Counters<'a> {
        "input_tokens" => input: Number,
        "output_tokens" => output: Number,
        "cache_read_input_tokens" => cache_read: Number,
        "cache_creation_input_tokens" => cache_write: Number,
        "cache_creation" => cache_writes: CacheWrites<'a>,
        "output_tokens_details" => details: OutputDetails<'a>,
    }
}

object! {
    /// What was written to a cache, by its lifetime.
    struct CacheWrites<'a> {
        "ephemeral_5m_input_tokens" => five_minutes: Number,
        "ephemeral_1h_input_tokens" => one_hour: Number,
    }
}

object! {
    /// What the output consists of.
    struct OutputDetails<'a> {
        "thinking_tokens" => thinking: Number,
    }
}

object! {
    /// What a tool reports beside its result; a text where it failed.
    struct ToolResult<'a> {
        "type" => kind: Str<'a>,
        "filePath" => file_path: Str<'a>,
        "structuredPatch" => patch: List<Hunk<'a>>,
        "content" => content: LineCount,
        "interrupted" => interrupted: Flag,
        "backgroundTaskId" => background: Str<'a>,
        "gitOperation" => git: GitOperation<'a>,
        "bashEditDiff" => edits: ShellEdits<'a>,
    }
}

object! {
    /// A part of a diff: its lines are only counted.
    struct Hunk<'a> {
        "lines" => lines: List<LineCount>,
    }
}

object! {
    /// What a shell call did with git.
    struct GitOperation<'a> {
        "commit" => commit: GitCommit<'a>,
        "push" => push: GitPush<'a>,
        "pr" => pr: GitPullRequest<'a>,
    }
}

object! {
    /// A commit.
    struct GitCommit<'a> {
        "sha" => sha: Str<'a>,
    }
}

object! {
    /// A push.
    struct GitPush<'a> {
        "branch" => branch: Str<'a>,
    }
}

object! {
    /// A pull request.
    struct GitPullRequest<'a> {
        "url" => url: Str<'a>,
    }
}

object! {
    /// Files that a shell call changed, as the agent saw it.
    struct ShellEdits<'a> {
        "files" => files: List<ShellEdit<'a>>,
        "changedFiles" => paths: List<Str<'a>>,
    }
}

object! {
    /// One of them.
    struct ShellEdit<'a> {
        "filePath" => path: Str<'a>,
        "created" => created: Flag,
        "deleted" => deleted: Flag,
        "hunks" => hunks: List<Hunk<'a>>,
    }
}

object! {
    /// Whether a call was allowed.
    struct Decision<'a> {
        "decision" => decision: Str<'a>,
    }
}

object! {
    /// What was put before the model without a call.
    struct Attachment<'a> {
        "type" => kind: Str<'a>,
        "filename" => filename: Str<'a>,
        "path" => path: Str<'a>,
        "files" => files: List<AttachedFile<'a>>,
    }
}

object! {
    /// One of an attachment's files.
    struct AttachedFile<'a> {
        "path" => path: Str<'a>,
    }
}

object! {
    /// The working tree that the session moved to; nothing where it came back.
    struct Worktree<'a> {
        "worktreePath" => path: Str<'a>,
    }
}

object! {
    /// The agent's own sums for one model.
    struct ModelUsage<'a> {
        "inputTokens" => input: Number,
        "outputTokens" => output: Number,
        "thinkingTokens" => thinking: Number,
        "cacheReadInputTokens" => cache_read: Number,
        "cacheCreationInputTokens" => cache_write: Number,
        "cacheCreationEphemeral1hInputTokens" => cache_write_1h: Number,
    }
}

object! {
    /// Copies of files that were changed.
    struct Snapshot<'a> {
        "timestamp" => timestamp: Str<'a>,
        "trackedFileBackups" => backups: Table<'a, Backup<'a>>,
    }
}

object! {
    /// One of them.
    struct Backup<'a> {
        "version" => version: Number,
        "realParentDir" => parent: Str<'a>,
    }
}

pub(super) use super::result::Opening;
